// A menu of deeds that opens beside a button.

import { el } from "./dom.js";
import { popUp } from "./place.js";

let closeOpen = null;

/**
 * `items` are `{label, hint?, picture?, checked?, run}` or null for a line between; Escape gives the focus back to
 * `anchor`.
 */
export function openMenu(anchor, items, { label, align = "start" } = {}) {
  closeOpen?.();
  const menu = el("div", { class: "menu", role: "menu", "aria-label": label ?? anchor.getAttribute("aria-label") });
  const close = (refocus = true) => {
    closeOpen = null;
    takeAway();
    document.removeEventListener("pointerdown", outside, true);
    anchor.setAttribute("aria-expanded", "false");
    if (refocus) anchor.focus();
  };
  const outside = (event) => menu.contains(event.target) || anchor.contains(event.target) || close(false);
  menu.append(...items.map((item) => (item ? row(item, close) : el("div", { class: "menu-line", role: "separator" }))));
  menu.addEventListener("keydown", (event) => onKey(event, menu, close));
  const takeAway = popUp(menu, anchor, { align });
  document.addEventListener("pointerdown", outside, true);
  anchor.setAttribute("aria-expanded", "true");
  closeOpen = () => close(false);
  (menu.querySelector('[aria-checked="true"]') ?? menu.querySelector("[role^=menuitem]"))?.focus();
}

function row({ label, hint, picture, checked, run }, close) {
  const role = checked === undefined ? "menuitem" : "menuitemradio";
  const chosen = () => {
    close();
    run();
  };
  return el(
    "button",
    {
      type: "button",
      class: "menu-item",
      role,
      tabindex: "-1",
      "aria-checked": checked === undefined ? null : String(checked),
      on: { click: chosen },
    },
    picture,
    el("span", { class: "menu-label" }, label, hint && el("span", { class: "menu-hint" }, hint)),
  );
}

function onKey(event, menu, close) {
  const rows = [...menu.querySelectorAll("[role^=menuitem]")];
  const at = rows.indexOf(document.activeElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1 + rows.length, Home: 0, End: rows.length - 1 }[event.key];
  if (to !== undefined) rows[to % rows.length].focus();
  else if (event.key === "Escape" || event.key === "Tab") close();
  else return;
  event.preventDefault();
  event.stopPropagation();
}
