// Keys for the item on the screen (#o). Everything a key does is also a button; this file only presses buttons.
//
// Input methods such as UniKey send a false Backspace and then a composed letter. So: no letters, no Backspace,
// keys are known by event.code, composing is ignored, a held key counts once, and nothing is taken in the first
// 200 ms after an item is painted. Keys act only while the focus is inside #o. A comment's box has the focus from
// the start: what is typed blind is text, and only keys that write nothing (F keys, Ctrl+Enter, Esc) act there.
"use strict";

(function () {
  var GUARD_MS = 200;
  var HOLD_MS = 350;
  var RETRY_MS = 2000;
  var RENEW_MS = 45000;
  var ACTIONS = {
    Enter: "accept", NumpadEnter: "accept", NumpadDecimal: "invalid", Period: "invalid", F6: "invalid",
    NumpadMultiply: "page", F2: "page", NumpadSubtract: "undo", Minus: "undo", NumpadAdd: "escalate",
    F4: "escalate", F8: "unreadable", F9: "wordless", Escape: "stop"
  };

  var frame = document.getElementById("khung");
  if (!frame) return;
  var paintedAt = 0;
  var shownAt = 0;
  var waiting = false; // a decision is on its way
  var unsent = null; // the button whose decision did not reach the server
  var holding = 0;
  var lastActive = 0;

  function item() { return document.getElementById("o"); }

  // A comment's box and a grid's first tile ask for the focus; else the item itself has it.
  function takeFocus() { (item().querySelector("[data-focus]") || item()).focus({ preventScroll: true }); }

  // Nobody keys what they cannot see: magnified or on a low screen, the item begins at the top edge.
  function showPicture() {
    var crop = item().querySelector(".crop");
    if (!crop || tiles().length) return;
    var at = crop.getBoundingClientRect();
    if (at.top < 0 || at.bottom > window.innerHeight) item().scrollIntoView({ block: "start" });
  }

  function tiles() { return item().querySelectorAll("[data-tile]"); }

  function tile() { return document.activeElement.closest("[data-tile]"); }

  // The reasons of an arbitration lie open from the start; keys reach them once there is an answer.
  function openMenu() {
    var reasons = item().querySelector("details[data-menu=reason]");
    if (reasons) return item().querySelector("input[name=answer]:checked") && reasons.open ? reasons : null;
    return plainMenu();
  }

  function plainMenu() { return item().querySelector("details[data-menu][open]:not([data-menu=page])"); }

  function find(action) {
    var menu = openMenu();
    var inMenu = menu && menu.querySelector("button[data-key='" + action + "']");
    if (inMenu) return inMenu;
    var scope = action === "page" && tile() ? tile() : item();
    var all = scope.querySelectorAll("[data-key='" + action + "']");
    for (var i = 0; i < all.length; i++) {
      if (!all[i].closest("details[data-menu]") || all[i].tagName === "SUMMARY") return all[i];
    }
    return null;
  }

  // What Esc closes before it stops the work: reasons first, then the whole page, then the help.
  function openPart() {
    return openMenu() || item().querySelector("details[data-menu=page][open]") ||
      frame.querySelector("#tro-giup[open]");
  }

  function flash() {
    var o = item();
    o.classList.remove("flash");
    void o.offsetWidth; // so that a second flash is seen, too
    o.classList.add("flash");
  }

  function actionOf(event) {
    var digit = /^(?:Digit|Numpad)([0-9])$/.exec(event.code);
    if (event.ctrlKey || event.altKey || event.metaKey) {
      if (event.ctrlKey && event.code === "KeyZ") return "undo";
      return event.ctrlKey && /^(Numpad)?Enter$/.test(event.code) ? "save" : null;
    }
    if (event.shiftKey) {
      if (event.code === "Slash") return "help";
      if (event.code === "Digit8") return "page"; // * and + of the letter block
      return event.code === "Equal" ? "escalate" : null;
    }
    return digit ? digit[1] : ACTIONS[event.code] || null;
  }

  function toggle(details, on) {
    if (!details) return;
    item().querySelectorAll("details[data-menu]").forEach(function (other) {
      if (other !== details && other.dataset.menu !== "page") other.open = false;
    });
    details.open = on === undefined ? !details.open : on;
    if (details.open && details.dataset.menu === "page") details.scrollIntoView({ block: "nearest" });
  }

  function press(action) {
    if (action === "help") return toggle(document.getElementById("tro-giup"));
    if (action === "stop" && openPart()) return toggle(openPart(), false);
    if (action === "accept" && openMenu()) return flash();
    var target = find(action);
    if (!target) return flash();
    if (target.tagName === "LABEL") return choose(target);
    if (target.tagName === "SUMMARY") return pressSummary(target.parentElement);
    var form = target.form;
    if (form && form.elements.input_kind) form.elements.input_kind.value = "key";
    target.click(); // a click, not requestSubmit: htmx sends the value of the button that was clicked
  }

  // The third person's answer needs a reason: the digit after it is one.
  function choose(label) {
    label.control.checked = true;
    toggle(item().querySelector("details[data-menu=reason]"), true);
  }

  // A menu opened from the box takes the focus with it, so that the digit after it is a reason and no text.
  function pressSummary(details) {
    toggle(details);
    if (details.dataset.menu !== "page") details.open ? item().focus({ preventScroll: true }) : takeFocus();
  }

  function inText(target) { return target.matches("textarea, select, input:not([type=checkbox])"); }

  // What the focused control would do by itself stays its own: Enter and Space on a button, typing in a box.
  function isNative(event) {
    var plain = !event.ctrlKey && !event.altKey && !event.metaKey;
    if (inText(event.target)) return !(plain ? /^(Escape|F[0-9]+)$/ : /^(Numpad)?Enter$/).test(event.code);
    if (event.target.matches("input")) return plain && /^(Space|Tab)$/.test(event.code);
    var pressable = event.target.matches("button, a, summary");
    return pressable && plain && /^(Enter|NumpadEnter|Space|Tab)$/.test(event.code);
  }

  function isEarly() { return waiting || unsent !== null || performance.now() - paintedAt < GUARD_MS; }

  frame.addEventListener("keydown", function (event) {
    if (event.code === "Escape" && event.target.closest("#tro-giup[open]")) {
      toggle(document.getElementById("tro-giup"), false);
      return takeFocus();
    }
    if (!event.target.closest("#o") || event.isComposing || event.keyCode === 229) return;
    lastActive = performance.now();
    if (event.defaultPrevented) return; // a step to another tile
    var native = isNative(event);
    if (native && (inText(event.target) || event.code === "Tab")) return;
    var action = native ? "native" : actionOf(event);
    if (action === null) return;
    if (event.repeat || isEarly()) {
      event.preventDefault();
      if (!event.repeat) flash();
      return;
    }
    if (native) return;
    event.preventDefault();
    if (inText(event.target) && action === "stop" && !openPart()) return item().focus();
    if (action === "page") return beginHold(event.code);
    press(action);
  });

  // Tap shows the whole page, holding enlarges the crop.
  function beginHold(code) {
    holding = performance.now();
    var enlarge = window.setTimeout(function () { item().classList.add("zoomed"); startAtAnswers(); }, HOLD_MS);
    function release(event) {
      if (event.type === "keyup" && event.code !== code) return;
      window.clearTimeout(enlarge);
      document.removeEventListener("keyup", release);
      window.removeEventListener("blur", release);
      item().classList.remove("zoomed");
      startAtAnswers();
      if (event.type === "keyup" && performance.now() - holding < HOLD_MS) press("page");
    }
    document.addEventListener("keyup", release);
    window.addEventListener("blur", release);
  }

  // Where the crop is wider than the screen, show the end where the answers are.
  function startAtAnswers() {
    var crop = item().querySelector(".crop");
    if (crop) crop.scrollLeft = Number(crop.dataset.start) * crop.scrollWidth;
  }

  function painted() {
    startAtAnswers();
    shownAt = paintedAt = performance.now();
    window.requestAnimationFrame(function () {
      var o = item();
      shownAt = paintedAt = performance.now();
      window.setTimeout(function () { o.dataset.ready = ""; }, GUARD_MS + 5); // keys count from here on
    });
  }

  frame.addEventListener("submit", function (event) {
    var form = event.target;
    if (form.elements.shown_ms) form.elements.shown_ms.value = String(Math.round(performance.now() - shownAt));
  }, true);

  frame.addEventListener("htmx:beforeRequest", function (event) {
    waiting = true;
    var sent = event.detail.requestConfig.triggeringEvent;
    frame.pressed = sent && sent.submitter ? sent.submitter : null;
  });

  document.addEventListener("htmx:afterSettle", function (event) {
    if (!event.target.closest || !event.target.closest("#o")) return;
    takeFocus();
    showPicture();
    painted();
  });

  frame.addEventListener("htmx:afterRequest", function (event) {
    waiting = false;
    if (unsent !== null && event.detail.xhr.status > 0) {
      unsent = null;
      say(frame.dataset.back, "success");
    }
  });

  function say(text, kind) {
    var message = document.createElement("p");
    message.className = "toast toast-" + kind;
    message.textContent = text;
    document.getElementById("messages").replaceChildren(message);
  }

  // The cable is out: keep the one unsent decision, lock the keys, and send it again. The server knows a repeat.
  document.addEventListener("htmx:sendError", function (event) {
    if (!event.target.closest("#o")) return;
    unsent = frame.pressed || unsent;
    if (!unsent) return;
    item().classList.add("locked");
    say(frame.dataset.offline, "error");
    window.setTimeout(function () {
      if (unsent && document.contains(unsent)) unsent.click();
    }, RETRY_MS);
  });

  function tokens() { return JSON.parse(document.body.getAttribute("hx-headers")); }

  // Keep the lease while somebody is there.
  ["pointermove", "scroll", "input"].forEach(function (kind) {
    document.addEventListener(kind, function () { lastActive = performance.now(); }, { passive: true });
  });
  window.setInterval(function () {
    var o = item();
    if (!o || !o.dataset.renew || performance.now() - lastActive > RENEW_MS) return;
    renewNow();
  }, RENEW_MS);

  // Who leaves gives back what is held; a reload is back, and renews, before anybody else can take it.
  function renewNow() {
    var o = item();
    if (o && o.dataset.renew) fetch(o.dataset.renew, { method: "POST", headers: tokens() }).catch(function () {});
  }

  window.addEventListener("pagehide", function () {
    if (!frame.dataset.leave) return;
    fetch(frame.dataset.leave, { method: "POST", headers: tokens(), keepalive: true }).catch(function () {});
  });

  if (item()) {
    takeFocus();
    showPicture();
    painted();
    renewNow();
  }
})();
