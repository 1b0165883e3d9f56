// A list to choose from with the arrow keys while the focus stays in a text field.

import { el, fill, freshId } from "./dom.js";

/**
 * `items` are `{label: Node|string, name, group?, selected?}`; `choose(item)` is called with the one chosen.
 * The field it belongs to is told through aria-activedescendant which one is current.
 */
export class Listbox {
  constructor({ field, label, choose, many = false }) {
    this.field = field;
    this.choose = choose;
    this.id = freshId("list");
    this.node = el("div", {
      class: "listbox",
      role: "listbox",
      id: this.id,
      "aria-label": label,
      "aria-multiselectable": many,
    });
    this.node.addEventListener("pointerdown", (event) => event.preventDefault()); // the focus stays in the field
    this.items = [];
    this.current = -1;
    field.setAttribute("aria-controls", this.id);
    field.setAttribute("aria-autocomplete", "list");
  }

  show(items, { current = 0, empty = "Nothing found" } = {}) {
    this.items = items;
    const rows = items.map((item, index) => this.row(item, index));
    fill(this.node, items.length ? withGroups(items, rows) : el("p", { class: "listbox-empty" }, empty));
    this.field.setAttribute("aria-expanded", "true");
    this.point(items.length ? Math.min(current, items.length - 1) : -1);
  }

  row(item, index) {
    return el(
      "div",
      {
        class: "option",
        role: "option",
        id: `${this.id}-${index}`,
        "aria-selected": String(Boolean(item.selected)),
        on: { click: () => this.choose(item), pointermove: () => this.point(index, false) },
      },
      item.label,
    );
  }

  hide() {
    this.items = [];
    this.current = -1;
    fill(this.node);
    this.field.setAttribute("aria-expanded", "false");
    this.field.removeAttribute("aria-activedescendant");
  }

  point(index, scroll = true) {
    this.node.querySelector(".current")?.classList.remove("current");
    this.current = index;
    const row = this.node.querySelectorAll('[role="option"]')[index];
    if (!row) return this.field.removeAttribute("aria-activedescendant");
    row.classList.add("current");
    this.field.setAttribute("aria-activedescendant", row.id);
    if (scroll) row.scrollIntoView({ block: "nearest" });
  }

  /** True when the key moved in the list: then it is not the field's any more. */
  takesKey(event) {
    const last = this.items.length - 1;
    if (last < 0) return false;
    const next = {
      ArrowDown: this.current >= last ? 0 : this.current + 1,
      ArrowUp: this.current <= 0 ? last : this.current - 1,
    }[event.key];
    if (next === undefined) return false;
    event.preventDefault();
    this.point(next);
    return true;
  }

  get item() {
    return this.items[this.current];
  }
}

function withGroups(items, rows) {
  let group;
  return rows.flatMap((row, index) => {
    if (items[index].group === group) return [row];
    group = items[index].group;
    return group ? [el("div", { class: "option-group", role: "presentation" }, group), row] : [row];
  });
}
