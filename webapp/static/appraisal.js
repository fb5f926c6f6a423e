// Steps between criteria with Alt and the arrows; everything else works without this file.
"use strict";

(function () {
  var RELATIONS = { ArrowLeft: "prev", ArrowRight: "next" };

  document.addEventListener("keydown", function (event) {
    var relation = RELATIONS[event.key];
    if (!relation || !event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || event.repeat) return;
    var step = document.querySelector("[data-steps] a[rel=" + relation + "]");
    event.preventDefault(); // the browser's own "back" would surprise here
    if (step) step.click();
  });

  // Typing other points means choosing "other".
  document.addEventListener("input", function (event) {
    var choice = event.target.dataset && event.target.dataset.chooses;
    if (!choice || !event.target.value) return;
    event.target.form.querySelector("input[name=choice][value=" + choice + "]").checked = true;
  });
})();
