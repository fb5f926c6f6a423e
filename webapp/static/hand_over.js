// Phát và thu: a scanner types faster than a server answers. Each line is kept here, in order, until it was answered.
"use strict";

(function () {
  var desk = document.getElementById("desk");
  if (!desk) return;
  var typed = document.getElementById("typed");
  var missing = document.getElementById("missing");
  var waiting = [];
  var isSending = false;
  var RETRY_MS = 3000;

  desk.addEventListener("submit", function (event) {
    event.preventDefault();
    waiting.push(Object.fromEntries(new FormData(desk)));
    typed.value = missing.value = "";
    typed.focus();
    sendNext();
  });

  // A line that could not be sent stays the first; sent twice it is refused as done, so nothing is written twice.
  function sendNext() {
    if (isSending || waiting.length === 0) return;
    isSending = true;
    htmx.ajax("POST", desk.action, { target: "#result", values: waiting[0] }).then(
      function () {
        waiting.shift();
        isSending = false;
        sendNext();
      },
      function () {
        isSending = false;
        setTimeout(sendNext, RETRY_MS);
      }
    );
  }
})();
