// A button that prints, where scripts run; everywhere else the browser's own menu does.
"use strict";
for (const button of document.querySelectorAll("[data-prints]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}
