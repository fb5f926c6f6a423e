// Focus, messages and lost connections; nothing here is needed for the pages to work.
"use strict";

(function () {
  // Errors first: the summary takes the focus when the page comes back with one.
  function focusMarked(root) {
    var marked = root.querySelector("[data-focus]");
    if (marked) marked.focus();
  }

  function show(text) {
    var region = document.getElementById("messages");
    var message = document.createElement("p");
    message.className = "toast toast-error";
    message.textContent = text;
    region.replaceChildren(message);
  }

  document.addEventListener("DOMContentLoaded", function () {
    focusMarked(document);
  });

  // A swap drops the focus to <body>: give it to what the fragment marks, else to what had it before (same id).
  document.addEventListener("htmx:afterSettle", function (event) {
    focusMarked(event.detail.elt);
  });

  // A panel that renews itself leaves open what the reader opened.
  var opened = [];
  document.addEventListener("htmx:beforeSwap", function (event) {
    opened = Array.prototype.map.call(event.detail.target.querySelectorAll("details[open][id]"), function (details) {
      return details.id;
    });
  });
  document.addEventListener("htmx:afterSwap", function () {
    opened.forEach(function (id) {
      var details = document.getElementById(id);
      if (details) details.open = true;
    });
  });

  document.addEventListener("htmx:sendError", function () {
    show(document.getElementById("messages").dataset.offline);
  });

  // A save that failed must not leave the former "saved" standing on the card that it would have renewed.
  // (detail.successful is true for 4xx, as base.html has them swapped: the status counts.)
  var failed = null;
  document.addEventListener("htmx:afterRequest", function (event) {
    var xhr = event.detail.xhr;
    if (isAnswer(xhr)) {
      if (failed === event.detail.elt) clearFailure();
      return;
    }
    failed = event.detail.elt;
    var target = event.detail.elt.closest("[hx-target]");
    var card = target && document.querySelector(target.getAttribute("hx-target"));
    var saved = card && card.querySelector(".saved");
    if (!saved) return;
    saved.textContent = document.getElementById("messages").dataset.notSaved;
    saved.classList.add("saved-not");
  });

  // What failed has now been done: its message would stay on the screen for ever.
  function clearFailure() {
    failed = null;
    var message = document.querySelector("#messages .toast-error");
    if (message) message.remove();
  }

  // Kept; or a form that came back with its own errors, which has replaced the card already.
  function isAnswer(xhr) {
    return xhr.status > 0 && xhr.status < 500 && !xhr.getResponseHeader("HX-Retarget") && !xhr.getResponseHeader("HX-Redirect");
  }

  document.addEventListener("click", function (event) {
    if (event.target.closest("[data-print]")) window.print();
  });

  // A choice that is its own submit (filters); a button stands beside it for those without script.
  document.addEventListener("change", function (event) {
    var form = event.target.closest("[data-submit-on-change]");
    if (form) form.requestSubmit();
  });
})();
