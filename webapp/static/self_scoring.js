// What is typed survives a lost connection and an ended session; a number's two readings; how far an upload is.
// Everything but the first works without this file.
"use strict";

(function () {
  var PREFIX = "typed ";
  var RETRY_MS = 10000;
  var form = document.querySelector("form[data-keeps]");
  var key = form && PREFIX + form.dataset.keeps;
  var sent = null; // what the request on its way holds
  var retry = null;
  var waiting = null; // what could not be sent: the form, or a field that is sent with it

  function fields(isWanted) {
    return Array.prototype.filter.call(form.elements, function (field) {
      return field.name && field.name !== "csrf_token" && !/^(submit|button|fieldset|file)$/.test(field.type) && isWanted(field);
    });
  }

  function collect(isWanted, isAsServed) {
    var found = {};
    fields(isWanted).forEach(function (field) {
      var isChecked = isAsServed ? field.defaultChecked : field.checked;
      if (field.type === "checkbox") found[field.name] = isChecked;
      else if (field.type !== "radio") found[field.name] = (isAsServed ? field.defaultValue : field.value).trim();
      else if (isChecked) found[field.name] = field.value;
    });
    return found;
  }

  function isTyped(field) { return field.type !== "hidden"; }
  function isSeen(field) { return field.type === "hidden" && /^seen/.test(field.name); }
  function typed() { return JSON.stringify(collect(isTyped)); }

  function keep(isSent) {
    try {
      sessionStorage.setItem(key, JSON.stringify({ typed: typed(), seen: collect(isSeen), isSent: isSent }));
    } catch (_full) { /* without room the page works as it does without script */ }
  }

  function forget(name) {
    try { sessionStorage.removeItem(name); } catch (_blocked) { /* nothing was kept */ }
  }

  function kept() {
    try { return JSON.parse(sessionStorage.getItem(key)); } catch (_blocked) { return null; }
  }

  // A form that was sent from another page and led here was taken: an ended session leads to the sign-in page.
  function forgetSent() {
    try {
      Object.keys(sessionStorage).forEach(function (name) {
        if (name.indexOf(PREFIX) === 0 && name !== key && JSON.parse(sessionStorage.getItem(name)).isSent) forget(name);
      });
    } catch (_blocked) { /* nothing was kept */ }
  }

  function restore() {
    var found = kept();
    // Compared with what the server has: a browser fills in by itself what stood there before a reload.
    if (!found || found.typed === JSON.stringify(collect(isTyped, true))) return forget(key);
    var values = JSON.parse(found.typed);
    fields(isTyped).forEach(function (field) {
      if (field.type === "radio") field.checked = values[field.name] === field.value;
      else if (field.type === "checkbox") field.checked = values[field.name] === true;
      else if (field.name in values) field.value = values[field.name];
    });
    fields(isSeen).forEach(function (field) { // a colleague's newer revision is then shown, not written over
      if (field.name in found.seen) field.value = found.seen[field.name];
    });
    show(form.dataset.restored);
    form.dispatchEvent(new Event("change", { bubbles: true }));
  }

  function show(text) {
    var message = document.createElement("p");
    message.className = "toast toast-warning";
    message.textContent = text;
    document.getElementById("messages").replaceChildren(message);
  }

  function isOurs(element) { return element === form || element.form === form; }

  function saveAgain() {
    var element = waiting;
    clearTimeout(retry);
    waiting = null;
    if (element) htmx.trigger(element, "change");
  }

  function keepTyping() {
    forgetSent();
    ["input", "change"].forEach(function (name) {
      document.addEventListener(name, function (event) {
        if (event.target.form === form) keep(false);
      });
    });
    form.addEventListener("submit", function () { keep(true); });
    document.addEventListener("htmx:beforeRequest", function (event) {
      if (isOurs(event.detail.elt)) sent = typed();
    });
    document.addEventListener("htmx:afterRequest", function (event) {
      var element = event.detail.elt, status = event.detail.xhr.status;
      if (!isOurs(element)) return;
      if (status === 200 && sent === typed()) forget(key);
      if (status !== 0 && status < 500) return;
      waiting = element;
      clearTimeout(retry);
      retry = setTimeout(saveAgain, RETRY_MS);
    });
    document.addEventListener("htmx:sendError", function (event) { // after app.js, which takes it away once saved
      if (!isOurs(event.detail.elt)) return;
      show(form.dataset.offline);
      document.querySelector("#messages .toast").classList.add("toast-error");
    });
    window.addEventListener("online", saveAgain);
    restore();
  }

  document.addEventListener("click", function (event) {
    var reading = event.target.closest("[data-reads]");
    if (!reading) return;
    var field = document.getElementById(reading.dataset.reads);
    event.preventDefault();
    field.value = reading.value;
    field.focus();
    field.dispatchEvent(new Event("change", { bubbles: true }));
  });

  document.addEventListener("htmx:xhr:progress", function (event) {
    var line = event.target.querySelector && event.target.querySelector(".upload-progress");
    if (!line || !event.detail.lengthComputable) return;
    var percent = Math.floor((100 * event.detail.loaded) / event.detail.total);
    var words = line.querySelector("output");
    line.hidden = false;
    line.querySelector("progress").value = percent;
    words.textContent = percent < 100 ? percent + " %" : words.dataset.looking;
  });

  if (form) document.addEventListener("DOMContentLoaded", keepTyping);
})();
