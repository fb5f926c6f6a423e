// Steps between criteria with keys, and arrows in the table of cells; everything else works without this file.
"use strict";

(function () {
  var RELATIONS = { ArrowLeft: "prev", ArrowRight: "next" };
  var PAGES = { PageUp: "prev", PageDown: "next" }; // what a presenter's remote control sends

  document.addEventListener("keydown", function (event) {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.repeat) return;
    var relation = event.altKey ? RELATIONS[event.key] : PAGES[event.key];
    var bar = relation && document.querySelector(event.altKey ? "[data-steps]" : "[data-pages]");
    if (!bar) return;
    var step = bar.querySelector("a[rel=" + relation + "]");
    event.preventDefault(); // the browser's own "back" would surprise here
    if (step) step.click();
  });

  // Arrows go from cell to cell, over cells that hold nothing.
  document.addEventListener("keydown", function (event) {
    var link = event.target.closest && event.target.closest("[data-cells] a");
    var move = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    if (!link || !move || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    var cell = link.closest("td, th");
    var rows = cell.closest("table").rows;
    var row = cell.parentNode.rowIndex;
    var column = cell.cellIndex;
    do {
      row += move[0];
      column += move[1];
      cell = rows[row] && rows[row].cells[column];
      link = cell && cell.querySelector("a");
    } while (cell && !link);
    if (link) link.focus();
  });

  // Typing other points means choosing "other".
  document.addEventListener("input", function (event) {
    var choice = event.target.dataset && event.target.dataset.chooses;
    if (!choice || !event.target.value) return;
    event.target.form.querySelector("input[name=choice][value=" + choice + "]").checked = true;
  });
})();
