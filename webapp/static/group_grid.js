// The group grid: which tiles were on the screen, moving between them, and what will be sent.
//
// A tile counts as seen only when its picture is there and wholly visible, with nothing over it, for two looks in a
// row; the button opens once all were seen. Everything that is sent are the form's own boxes, so that a person
// without script ticks them by hand. Keys that settle are verification.js's; this file runs before it.
"use strict";

(function () {
  var LOOK_MS = 150;
  var STEPS = {
    ArrowLeft: [-1, 0], Numpad4: [-1, 0], ArrowRight: [1, 0], Numpad6: [1, 0],
    ArrowUp: [0, -1], Numpad8: [0, -1], ArrowDown: [0, 1], Numpad2: [0, 1]
  };

  var frame = document.getElementById("khung");
  frame.classList.add("scripted"); // the boxes for people without script go away

  function tiles() { return Array.from(frame.querySelectorAll("#o [data-tile]")); }

  function box(tile, name) { return tile.querySelector("input[name=" + name + "]"); }

  function isUncovered(tile, x, y) {
    var top = document.elementFromPoint(x, y);
    return top !== null && tile.contains(top);
  }

  // The four corners are on the screen and belong to the picture: no bar, message or window edge hides a part.
  function isVisible(tile) {
    var picture = tile.querySelector(".crop-tile-picture img");
    if (!picture.complete || picture.naturalWidth === 0) return false;
    var at = picture.getBoundingClientRect();
    return [at.left + 2, at.right - 2].every(function (x) {
      return [at.top + 2, at.bottom - 2].every(function (y) { return isUncovered(tile, x, y); });
    });
  }

  function look() {
    if (document.visibilityState !== "visible") return;
    tiles().forEach(function (tile) {
      var seen = box(tile, "seen");
      if (seen.checked) return;
      if (!isVisible(tile)) delete tile.dataset.glimpsed;
      else if (tile.dataset.glimpsed === undefined) tile.dataset.glimpsed = "";
      else seen.checked = true;
    });
    count();
  }

  function isLooked(tile) { return box(tile, "seen").checked || box(tile, "marked").checked; }

  // What Enter would settle now, on the button itself; it opens once every tile was on the screen.
  function count() {
    var all = tiles();
    if (!all.length) return;
    var marked = all.filter(function (tile) { return box(tile, "marked").checked; }).length;
    var unseen = all.filter(function (tile) { return !isLooked(tile); }).length;
    frame.querySelector("[data-count=accepted]").textContent = "(" + (all.length - marked - unseen) + "/" + all.length + ")";
    frame.querySelector("[data-count=unseen]").textContent = unseen ? String(unseen) : "";
    frame.querySelector("[data-count=marked]").textContent = marked ? String(marked) : "";
    frame.querySelector("[data-key=accept]").disabled = unseen > 0;
  }

  function middle(tile) {
    var at = tile.getBoundingClientRect();
    return { x: at.left + at.width / 2, y: at.top + at.height / 2, width: at.width, height: at.height };
  }

  // The nearest tile in that direction: rows may be of different heights.
  function neighbour(tile, step) {
    var all = tiles();
    if (step[0]) return all[all.indexOf(tile) + step[0]];
    var from = middle(tile);
    var best = null;
    all.forEach(function (other) {
      var to = middle(other);
      var down = (to.y - from.y) * step[1];
      if (other === tile || down < Math.min(from.height, to.height) / 2) return;
      var distance = down * 4 + Math.abs(to.x - from.x);
      if (best === null || distance < best.distance) best = { tile: other, distance: distance };
    });
    return best && best.tile;
  }

  function goTo(tile) {
    box(tile, "marked").focus();
    tile.scrollIntoView({ block: "nearest" });
  }

  // While something has not been on the screen, Enter brings it there and settles nothing.
  function showUnseen(event) {
    var unseen = tiles().find(function (tile) { return !isLooked(tile); });
    if (!unseen || event.target.matches("button, a, summary")) return;
    event.preventDefault();
    if (!event.repeat) goTo(unseen);
  }

  function onKey(event) {
    if (event.isComposing || event.keyCode === 229 || event.ctrlKey || event.altKey || event.metaKey) return;
    if (!event.target.closest("#o") || event.shiftKey || !tiles().length) return;
    var here = event.target.closest("[data-tile]");
    if (STEPS[event.code]) {
      event.preventDefault();
      var next = here ? neighbour(here, STEPS[event.code]) : tiles()[0];
      if (next) goTo(next);
    } else if (/^(Numpad)?Enter$/.test(event.code)) {
      showUnseen(event);
    } else if (event.code === "Numpad5") {
      event.preventDefault();
      if (here && !event.repeat) box(here, "marked").click();
    }
  }

  // Every sheet begins at its first row, wherever the one before was left.
  function begin() {
    if (tiles().length) document.getElementById("o").scrollIntoView({ block: "start" });
  }

  frame.addEventListener("keydown", onKey, true);
  document.addEventListener("htmx:afterSettle", function (event) {
    if (event.target.closest && event.target.closest("#o")) begin();
  });
  frame.addEventListener("change", count);
  window.setInterval(look, LOOK_MS);
  begin();
})();
