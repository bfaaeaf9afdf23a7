// A live view of the camera at the window, where the browser itself can read codes: what it sees is what would have been
// typed. Everywhere else the button stays hidden, and a photograph is read by the hub.
"use strict";
(async () => {
  const place = document.getElementById("camera");
  const input = document.getElementById("f-code");
  if (!place || !input || !("BarcodeDetector" in window) || !navigator.mediaDevices) return;
  const [formats, devices] = await Promise.all([
    BarcodeDetector.getSupportedFormats().catch(() => []),
    navigator.mediaDevices.enumerateDevices().catch(() => []),
  ]);
  if (!formats.includes("qr_code") || !devices.some((each) => each.kind === "videoinput")) return;
  const detector = new BarcodeDetector({ formats: ["qr_code"] });
  const button = place.querySelector("button");
  const video = place.querySelector("video");
  const problem = place.querySelector("[role=alert]");
  let stream = null;

  const stop = () => {
    if (stream) for (const track of stream.getTracks()) track.stop();
    stream = null;
    video.srcObject = null;
    video.hidden = true;
    button.textContent = button.dataset.start;
  };
  const look = async () => {
    if (!stream) return;
    const found = await detector.detect(video).catch(() => []);
    if (stream && found.length && found[0].rawValue) {
      input.value = found[0].rawValue;
      stop();
      input.form.requestSubmit();
      return;
    }
    setTimeout(look, 200);
  };
  button.addEventListener("click", async () => {
    problem.textContent = "";
    if (stream) return stop();
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" }, audio: false });
      video.srcObject = stream;
      video.hidden = false;
      button.textContent = button.dataset.stop;
      await video.play();
      look();
    } catch {
      stop();
      problem.textContent = problem.dataset.refused;
    }
  });
  window.addEventListener("pagehide", stop);
  place.hidden = false;
})();
