// Moves a request's code from behind the number sign of the link, which no browser sends, into the form, and sends it.
"use strict";
(() => {
  const form = document.getElementById("request");
  const code = window.location.hash.slice(1);
  if (!form || !code) return;
  form.elements.namedItem("code").value = code;
  window.history.replaceState(null, "", window.location.pathname + window.location.search);
  form.submit();
})();
