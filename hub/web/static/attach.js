// A file that is sent within a form: it is read here and put into the form's own field, as base64.
"use strict";
(() => {
  const input = document.querySelector("input[type=file][data-into]");
  if (!input) return;
  const form = input.form;
  const problem = form.querySelector("[role=alert]");
  const button = form.querySelector("button");
  button.hidden = false;

  const read = (file) =>
    new Promise((resolve, reject) => {
      const reader = new FileReader();
      reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(",") + 1));
      reader.onerror = () => reject(reader.error);
      reader.readAsDataURL(file);
    });

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    problem.textContent = "";
    const file = input.files[0];
    if (file.size > Number(input.dataset.most)) {
      problem.textContent = problem.dataset.large;
      return;
    }
    try {
      form.elements[input.dataset.into].value = await read(file);
      form.submit();
    } catch {
      problem.textContent = problem.dataset.refused;
    }
  });
})();
