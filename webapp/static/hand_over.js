// Phát và thu: the box is emptied as its line is sent, so that the next serial can be scanned at once.
"use strict";

(function () {
  var desk = document.getElementById("desk");
  if (!desk) return;
  var typed = document.getElementById("typed");
  var missing = document.getElementById("missing");

  desk.addEventListener("htmx:beforeRequest", function (event) {
    if (event.target !== desk) return;
    typed.value = "";
    missing.value = "";
    typed.focus();
  });

  // What could not be sent at all comes back into the box; a refusal repeats it in its own words.
  desk.addEventListener("htmx:sendError", function (event) {
    if (typed.value === "") typed.value = event.detail.requestConfig.parameters.typed || "";
  });
})();
