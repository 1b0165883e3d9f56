// Short notes at the foot of the page; read aloud, gone after a while unless they offer something.

import { el, iconButton } from "./dom.js";

const SHOWN_MS = 8000;

/**
 * `offer` is `{label, run}`: a note with an offer stays until it is taken or closed. Returns a function that
 * removes it.
 */
export function toast(text, { level = "info", offer } = {}) {
  const host = document.getElementById("toasts");
  const remove = () => {
    note.remove();
    if (!host.children.length && host.matches(":popover-open")) host.hidePopover();
  };
  const take = () => {
    remove();
    offer.run();
  };
  const note = el(
    "div",
    { class: `toast ${level}`, role: level === "error" ? "alert" : null },
    el("span", { class: "toast-text" }, text),
    offer && el("button", { type: "button", class: "button small", on: { click: take } }, offer.label),
    iconButton("close", "Dismiss this note", remove),
  );
  host.append(note);
  // Shown anew each time: the last one into the top layer is in front, also of an open dialog.
  if (host.matches(":popover-open")) host.hidePopover();
  host.showPopover();
  if (!offer) setTimeout(remove, SHOWN_MS);
  return remove;
}

export function complain(error) {
  toast(error.message, { level: "error" });
}
