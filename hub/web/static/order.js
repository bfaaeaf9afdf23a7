// The key of this workplace: made in this browser, kept in it, never taken out of it. It shows the hub that it is there
// (#seat), and signs what an officer orders (#order), as the client of a department's system does.
"use strict";
(() => {
  const form = document.getElementById("seat") || document.getElementById("order");
  if (!form) return;
  const button = form.querySelector("button[data-signs]");
  // What is signed already is only sent again.
  if (!button) return;
  const problem = form.querySelector("[role=alert]");
  if (!window.isSecureContext || !window.crypto.subtle || !window.indexedDB) {
    problem.textContent = problem.dataset.insecure;
    return;
  }
  const loaded = performance.now();
  const ecdsa = { name: "ECDSA", namedCurve: "P-256" };

  const base64url = (bytes) =>
    btoa(String.fromCharCode(...new Uint8Array(bytes))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const encoded = (value) => base64url(new TextEncoder().encode(JSON.stringify(value)));
  const asked = (request) =>
    new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });

  const opened = () => {
    const request = indexedDB.open("yizhao-terminal", 1);
    request.onupgradeneeded = () => request.result.createObjectStore("keys");
    return asked(request);
  };
  const keptPair = async (database) => asked(database.transaction("keys").objectStore("keys").get("own"));
  const madePair = async (database) => {
    const pair = await crypto.subtle.generateKey(ecdsa, false, ["sign", "verify"]);
    await asked(database.transaction("keys", "readwrite").objectStore("keys").put(pair, "own"));
    return pair;
  };

  const signed = async (header, payload, pair) => {
    const text = `${encoded(header)}.${encoded(payload)}`;
    const octets = await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, pair.privateKey, new TextEncoder().encode(text));
    return `${text}.${base64url(octets)}`;
  };
  const keyId = async (pair) => base64url(await crypto.subtle.digest("SHA-256", await crypto.subtle.exportKey("spki", pair.publicKey)));
  // The hub's clock counts, not this machine's.
  const now = () => Number(form.dataset.now) + Math.floor((performance.now() - loaded) / 1000);

  const shownKey = async (pair) => {
    const { kty, crv, x, y } = await crypto.subtle.exportKey("jwk", pair.publicKey);
    const header = { alg: "ES256", kid: await keyId(pair), typ: form.dataset.typ, jwk: { kty, crv, x, y } };
    const nonce = form.elements.form_token.value;
    return signed(header, { aud: form.dataset.audience, iat: now(), nonce }, pair);
  };
  const order = async (pair) => {
    const header = { alg: "ES256", kid: await keyId(pair), typ: form.dataset.typ };
    return signed(header, { ...JSON.parse(form.dataset.statement), iat: now() }, pair);
  };

  const send = async (make) => {
    button.disabled = true;
    problem.textContent = "";
    try {
      const database = await opened();
      const pair = (await keptPair(database)) || (form.id === "seat" ? await madePair(database) : null);
      if (!pair) throw new Error("no key");
      form.querySelector("[data-signed]").value = await make(pair);
      form.submit();
    } catch {
      problem.textContent = problem.dataset.refused;
      button.disabled = false;
    }
  };

  button.hidden = false;
  const make = form.id === "seat" ? shownKey : order;
  button.addEventListener("click", () => send(make));
  // A browser that has its key shows it by itself; one that was refused waits for the officer.
  if (form.id === "seat" && !form.dataset.refused) {
    opened().then(keptPair).then((pair) => pair && send(make)).catch(() => {});
  }
})();
