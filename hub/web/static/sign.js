// TEST ONLY: plays the phone of the electronic business licence. The key is made in this browser, cannot be taken out of
// it, and signs the sentence that the page shows; only its cert comes from the simulated authority.
"use strict";
(() => {
  const form = document.getElementById("sign");
  const button = document.getElementById("phone");
  const problem = document.getElementById("phone-problem");
  if (!form || !button) return;
  if (!window.isSecureContext || !window.crypto.subtle || !window.indexedDB) {
    problem.textContent = problem.dataset.insecure;
    return;
  }
  button.hidden = false;

  const base64url = (bytes) =>
    btoa(String.fromCharCode(...new Uint8Array(bytes))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const asked = (request) =>
    new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });

  const opened = () => {
    const request = indexedDB.open("yizhao-test-licences", 1);
    request.onupgradeneeded = () => request.result.createObjectStore("licences");
    return asked(request);
  };

  const licence = async (database, number, role) => {
    const name = `${number}.${role}`;
    const kept = await asked(database.transaction("licences").objectStore("licences").get(name));
    if (kept) return kept;
    const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"]);
    const { kty, crv, x, y } = await crypto.subtle.exportKey("jwk", pair.publicKey);
    const answer = await fetch("/e-licence/simulator/certs", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ licence_number: number, role, jwk: { kty, crv, x, y } }),
    });
    if (!answer.ok) throw new Error("refused");
    const made = { key: pair.privateKey, cert: (await answer.json()).cert };
    await asked(database.transaction("licences", "readwrite").objectStore("licences").put(made, name));
    return made;
  };

  const sign = async () => {
    const text = document.getElementById("sentence").textContent;
    const { number, role } = form.dataset;
    const { key, cert } = await licence(await opened(), number, role);
    const octets = await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, key, new TextEncoder().encode(text));
    const signed = { text, algorithm: "ES256", signature: base64url(octets), cert, role };
    document.getElementById("signed").value = JSON.stringify(signed);
    form.submit();
  };

  button.addEventListener("click", async () => {
    button.disabled = true;
    problem.textContent = "";
    try {
      await sign();
    } catch {
      problem.textContent = problem.dataset.refused;
      button.disabled = false;
    }
  });
})();
