// Drop files on the form, see what was chosen, see the upload move. Without this the form works as it is.
"use strict";

(function () {
  function size(bytes) {
    return bytes >= 1e5 ? (bytes / 1e6).toLocaleString(document.documentElement.lang, { maximumFractionDigits: 1 }) + " MB"
      : Math.ceil(bytes / 1e3).toLocaleString(document.documentElement.lang) + " kB";
  }

  function zoneOf(event) {
    return event.target instanceof Element ? event.target.closest("[data-drop]") : null;
  }

  // What was chosen, by name and size; too much for one upload is said before it is sent.
  function showChosen(form) {
    var input = form.querySelector("input[type=file]"), total = 0;
    var lines = Array.from(input.files, function (file) {
      var line = document.createElement("li"), name = document.createElement("span"), bytes = document.createElement("span");
      name.textContent = file.name;
      bytes.textContent = size(file.size);
      bytes.className = "no-wrap soft";
      var word = document.createElement("span");
      word.className = "file-step soft";
      line.append(name, bytes, word);
      total += file.size;
      return line;
    });
    var over = total > Number(form.dataset.maxMb) * 1048576;
    if (over) {
      var warning = document.createElement("li");
      warning.className = "field-error";
      warning.textContent = form.dataset.tooLarge.replace("{size}", Math.ceil(total / 1048576));
      lines.push(warning);
    }
    form.querySelector("[data-chosen]").replaceChildren.apply(form.querySelector("[data-chosen]"), lines);
    form.querySelector(".upload-send").disabled = over;
  }

  document.addEventListener("change", function (event) {
    if (event.target.matches(".upload input[type=file]")) showChosen(event.target.form);
  });

  ["dragenter", "dragover"].forEach(function (kind) {
    document.addEventListener(kind, function (event) {
      var zone = zoneOf(event);
      // A file dropped beside the zone must not replace the page.
      if (document.querySelector("[data-drop]")) event.preventDefault();
      document.querySelectorAll(".drop-over").forEach(function (each) { if (each !== zone) each.classList.remove("drop-over"); });
      if (zone) zone.classList.add("drop-over");
    });
  });

  document.addEventListener("drop", function (event) {
    var zone = zoneOf(event) || document.querySelector("[data-drop]");
    if (!zone) return;
    event.preventDefault();
    zone.classList.remove("drop-over");
    if (!event.dataTransfer.files.length) return;
    zone.querySelector("input[type=file]").files = event.dataTransfer.files;
    showChosen(zone.closest("form"));
  });

  document.addEventListener("htmx:xhr:progress", function (event) {
    var form = event.target.closest(".upload");
    if (!form || !event.detail.lengthComputable || !event.detail.total) return;
    var share = Math.floor(100 * event.detail.loaded / event.detail.total);
    var panel = form.querySelector("[data-sending]"), label = panel.querySelector("[data-label]");
    panel.hidden = false;
    panel.querySelector("progress").value = share;
    label.textContent = label.dataset.label + " " + share + " %";
    showSteps(form, share / 100);
  });

  // The files go up one behind the other: how far each is, told from how far all of them are.
  function showSteps(form, share) {
    var files = Array.from(form.querySelector("input[type=file]").files), words = form.dataset;
    var left = share * files.reduce(function (sum, file) { return sum + file.size; }, 0);
    form.querySelectorAll("[data-chosen] li").forEach(function (line, index) {
      var step = line.querySelector(".file-step"), size = files[index] ? files[index].size : 0;
      if (!step) return;
      var part = size ? Math.max(0, Math.min(1, left / size)) : 1;
      left -= size;
      step.textContent = part >= 1 ? words.wordsSent : part > 0 ? words.wordsSending + " " + Math.floor(100 * part) + " %" : words.wordsWaiting;
    });
  }

  // A telephone's shot goes off as soon as it is taken.
  document.addEventListener("change", function (event) {
    if (event.target.matches("[data-shoot]") && event.target.files.length) event.target.form.requestSubmit();
  });
  document.addEventListener("htmx:afterRequest", function (event) {
    if (event.target.matches(".camera")) event.target.reset();
  });

  // Problem pages by keyboard: digits press the buttons of the card that has the focus; never while somebody types.
  var buttons = { Digit2: "not_a_form", Digit3: "needs_rescan", Digit4: "voided" };
  function pressIn(card, event) {
    var code = event.code.replace("Numpad", "Digit");
    if (code === "Digit1") return card.querySelector(".slots button");
    if (code === "Digit5") return card.querySelector("[data-turn]");
    return buttons[code] ? card.querySelector('.page-settle [value="' + buttons[code] + '"]') : null;
  }
  document.addEventListener("keydown", function (event) {
    var card = event.target instanceof Element ? event.target.closest("[data-problem-keys] > li") : null;
    if (!card || event.repeat || event.isComposing || event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.target.matches("input, textarea, select")) return;
    var step = event.code === "ArrowDown" ? card.nextElementSibling : event.code === "ArrowUp" ? card.previousElementSibling : null;
    var button = step ? null : pressIn(card, event);
    if (!step && !button) return;
    event.preventDefault();
    if (step) step.focus(); else button.click();
  });
})();
