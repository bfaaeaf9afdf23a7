// Dropping a file on the form, or pasting a picture, is choosing it; without this script one chooses it by hand.
"use strict";
(() => {
  const form = document.getElementById("drop");
  const file = document.getElementById("file");
  if (!form || !file || typeof DataTransfer === "undefined") return;
  const take = (files) => {
    if (!files.length) return;
    const chosen = new DataTransfer();
    chosen.items.add(files[0]);
    file.files = chosen.files;
    form.requestSubmit();
  };
  for (const kind of ["dragenter", "dragover"]) {
    form.addEventListener(kind, (event) => { event.preventDefault(); form.classList.add("over"); });
  }
  form.addEventListener("dragleave", () => form.classList.remove("over"));
  form.addEventListener("drop", (event) => {
    event.preventDefault();
    form.classList.remove("over");
    take(event.dataTransfer.files);
  });
  document.addEventListener("paste", (event) => {
    if (event.target instanceof HTMLTextAreaElement) return;
    take(event.clipboardData.files);
  });
})();
