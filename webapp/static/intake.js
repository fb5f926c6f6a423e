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
      line.append(name, bytes);
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
  });
})();
