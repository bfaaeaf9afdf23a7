// Looks whether a shown code was scanned, and loads the page anew when its state has changed.
"use strict";
(() => {
  const shown = document.querySelector("[data-state]");
  if (!shown) return;
  const look = async () => {
    try {
      const answer = await fetch(shown.dataset.look, { headers: { accept: "application/json" }, redirect: "error" });
      if (answer.ok && (await answer.json()).state !== shown.dataset.state) window.location.reload();
    } catch {
      // It looks again at the next turn.
    }
  };
  setInterval(look, 3000);
})();
