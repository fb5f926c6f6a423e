// The overlay sheet: arrow keys go from tile to tile; pressing one is its own button's work.
"use strict";

(function () {
  var sheet = document.getElementById("bang");

  function faces() { return Array.from(sheet.querySelectorAll(".overlay-face")); }

  // How many tiles stand in the first row, as they are laid out now.
  function columns(all) {
    var top = all[0].getBoundingClientRect().top;
    return all.filter(function (face) { return Math.abs(face.getBoundingClientRect().top - top) < 4; }).length;
  }

  sheet.addEventListener("keydown", function (event) {
    if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
    var all = faces();
    var steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns(all), ArrowDown: columns(all) };
    if (event.code in steps) {
      event.preventDefault();
      var next = all[all.indexOf(event.target) + steps[event.code]];
      if (next) next.focus();
    } else if (event.repeat) event.preventDefault(); // a key held down doubts one answer, not a row of them
  });
})();
