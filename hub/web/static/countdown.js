// Counts down in words what the page already says as a moment; the server decides what is over, not this clock.
"use strict";
(() => {
  const chinese = document.documentElement.lang.startsWith("zh");
  const timers = [...document.querySelectorAll("[data-ends]")];
  const said = (seconds) => {
    const minutes = Math.floor(seconds / 60);
    const rest = String(seconds % 60).padStart(2, "0");
    return chinese ? `还剩 ${minutes} 分 ${rest} 秒` : `${minutes} min ${rest} s left`;
  };
  const tick = () => {
    for (const timer of timers) {
      const left = Math.floor((Date.parse(timer.dataset.ends) - Date.now()) / 1000);
      timer.textContent = left > 0 ? said(left) : timer.dataset.over;
      timer.classList.toggle("over", left <= 0);
    }
  };
  tick();
  setInterval(tick, 1000);
})();
