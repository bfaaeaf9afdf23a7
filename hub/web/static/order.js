// Keys of this browser: made in it, kept in it, never taken out of it. One is the workplace's; it shows the hub that it
// is there (#seat), and signs what an officer orders (#order), as the client of a department's system does. Each person
// who signs changes has one of his own (#person), and a change bears his signature, at last the workplace's too (#change).
"use strict";
(() => {
  const form = document.querySelector("form#seat, form#order, form#person, form#change");
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
  const workplace = "own";
  const person = `person:${form.dataset.person}`;

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
  const keptPair = async (database, name) => asked(database.transaction("keys").objectStore("keys").get(name));
  const madePair = async (database, name) => {
    const pair = await crypto.subtle.generateKey(ecdsa, false, ["sign", "verify"]);
    await asked(database.transaction("keys", "readwrite").objectStore("keys").put(pair, name));
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
  const said = async (what, typ, pair) =>
    signed({ alg: "ES256", kid: await keyId(pair), typ }, { ...JSON.parse(what), iat: now() }, pair);

  const put = (where, text) => (form.querySelector(where).value = text);
  const pairOf = async (database, name) => {
    const pair = await keptPair(database, name);
    if (!pair) throw new Error("no key");
    return pair;
  };
  const show = async (database, name) =>
    put("[data-signed]", await shownKey((await keptPair(database, name)) || (await madePair(database, name))));
  const order = async (database) =>
    put("[data-signed]", await said(form.dataset.statement, form.dataset.typ, await pairOf(database, workplace)));
  const change = async (database) => {
    const { approval, approvalTyp, statement } = form.dataset;
    if (approval) put("[data-approved]", await said(approval, approvalTyp, await pairOf(database, person)));
    if (statement) await order(database);
  };
  const make = {
    seat: (database) => show(database, workplace),
    person: (database) => show(database, person),
    order,
    change,
  }[form.id];

  const send = async () => {
    button.disabled = true;
    problem.textContent = "";
    try {
      await make(await opened());
      form.submit();
    } catch {
      problem.textContent = problem.dataset.refused;
      button.disabled = false;
    }
  };

  button.hidden = false;
  button.addEventListener("click", send);
  // A browser that has its key shows it by itself; one that was refused waits for the officer.
  if (form.id === "seat" && !form.dataset.refused) {
    opened().then((database) => keptPair(database, workplace)).then((pair) => pair && send()).catch(() => {});
  }
  // A person sees whether the key that counts as his is the one in this browser.
  const here = document.getElementById("here");
  if (form.id === "person" && here) {
    opened()
      .then((database) => keptPair(database, person))
      .then(async (pair) => pair && (await keyId(pair)) === form.dataset.enrolled && (here.hidden = false))
      .catch(() => {});
  }
})();
