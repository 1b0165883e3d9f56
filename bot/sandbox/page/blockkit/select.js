// Select menus, single and multi: a field to type in and a list under it.

import { send } from "../api.js";
import { el, fill, icon, iconButton } from "../kit/dom.js";
import { Listbox } from "../kit/listbox.js";
import { popUp } from "../kit/place.js";
import { KINDS, nameOfKept, staticOptions } from "./options.js";
import { plainText } from "./text.js";

const MOST_SHOWN = 100;
const TYPING_RESTS_MS = 250;
// With fewer options nobody needs to type: on a phone the keyboard would only hide the list.
const WORTH_SEARCHING = 8;

export function select(element, place) {
  return new Select(element, place).node;
}

class Select {
  constructor(element, place) {
    Object.assign(this, { element, place });
    this.many = element.type.startsWith("multi_");
    this.kind = KINDS[element.type.replace("multi_", "").replace("_select", "")];
    this.valueName = `selected_${this.kind.field}${this.many ? "s" : ""}`;
    this.field = this.drawField();
    this.chips = el("span", { class: "chips" });
    this.list = new Listbox({
      field: this.field,
      label: this.name,
      many: this.many,
      choose: (item) => this.choose(item),
    });
    this.list.node.classList.add("popup");
    this.node = el("span", { class: `field select ${this.many ? "many" : ""}` }, this.chips, this.field, icon("down"));
    this.node.addEventListener("click", (event) => event.target.closest("button") || this.open());
    this.showKept();
  }

  get name() {
    return this.place.label ?? (plainText(this.element.placeholder) || "Choose");
  }

  get kept() {
    const { form, block } = this.place;
    return [form.value(block.block_id, this.element)[this.valueName] ?? []].flat();
  }

  drawField() {
    const { labelledby, describedby, key } = this.place;
    const few = this.element.type.endsWith("static_select") && staticOptions(this.element).length <= WORTH_SEARCHING;
    return el("input", {
      type: "text",
      role: "combobox",
      autocomplete: "off",
      "aria-expanded": "false",
      "aria-haspopup": "listbox",
      data: { key },
      inputmode: few ? "none" : null,
      "aria-label": labelledby ? null : this.name,
      "aria-labelledby": labelledby,
      "aria-describedby": describedby,
      on: {
        keydown: (event) => this.onKey(event),
        input: () => this.search(),
        blur: () => this.close(),
        focus: () => this.field.select(),
      },
    });
  }

  showKept() {
    const names = this.kept.map(nameOfKept);
    this.field.value = this.many ? "" : (names[0] ?? "");
    this.field.placeholder = this.many && names.length ? "" : plainText(this.element.placeholder) || "Choose…";
    if (this.many)
      fill(
        this.chips,
        this.kept.map((kept, index) => this.chip(kept, names[index])),
      );
  }

  chip(kept, name) {
    return el(
      "span",
      { class: "chip" },
      name,
      iconButton("close", `Remove ${name}`, () => this.keep(this.kept.filter((one) => one !== kept))),
    );
  }

  open() {
    if (this.takeAway) return;
    this.field.focus();
    this.takeAway = popUp(this.list.node, this.node, { sameWidth: true });
    this.find("");
  }

  close() {
    this.takeAway?.();
    this.takeAway = null;
    this.list.hide();
    this.showKept();
  }

  search() {
    if (!this.takeAway) this.open();
    clearTimeout(this.timer);
    const wait = this.kind === KINDS.external ? TYPING_RESTS_MS : 0;
    this.timer = setTimeout(() => this.takeAway && this.find(this.field.value), wait);
  }

  async find(typed) {
    const query = typed.trim().toLowerCase();
    if (this.kind === KINDS.external) return this.findOutside(query);
    const found = this.kind
      .options(this.element)
      .filter((option) => `${option.name} ${option.hint ?? ""}`.toLowerCase().includes(query));
    return this.show(found);
  }

  async findOutside(query) {
    const least = this.element.min_query_length ?? 3;
    if (query.length < least) return this.list.show([], { empty: `Type ${least} or more letters to search` });
    this.list.show([], { empty: "Searching…" });
    const { block, surface } = this.place;
    try {
      const answer = await send("suggest", {
        ...surface,
        block_id: block.block_id,
        action_id: this.element.action_id,
        value: query,
      });
      if (this.takeAway) this.show(staticOptions(answer));
    } catch (error) {
      this.list.show([], { empty: error.message });
    }
  }

  show(options) {
    const kept = this.kept.map((one) => one.value ?? one);
    const items = options
      .slice(0, MOST_SHOWN)
      .map((option) => ({ ...option, selected: kept.includes(option.value), label: label(option) }));
    this.list.show(items, {
      current: Math.max(
        0,
        items.findIndex((item) => item.selected),
      ),
    });
  }

  choose(item) {
    if (!this.many) {
      this.keep([item.kept]);
      return this.close();
    }
    const others = this.kept.filter((kept) => (kept.value ?? kept) !== item.value);
    const room = others.length < (this.element.max_selected_items ?? Infinity);
    this.keep(item.selected || !room ? others : [...others, item.kept]);
    return this.find("");
  }

  keep(kept) {
    this.place.change({ [this.valueName]: this.many ? kept : kept[0] });
    this.showKept();
  }

  onKey(event) {
    if (!this.takeAway) {
      if (["ArrowDown", "ArrowUp", "Enter"].includes(event.key)) (event.preventDefault(), this.open());
      else if (event.key === "Backspace" && this.many && !this.field.value) this.keep(this.kept.slice(0, -1));
      return;
    }
    if (this.list.takesKey(event)) return;
    if (event.key === "Enter" && this.list.item) this.choose(this.list.item);
    else if (event.key === "Escape") this.close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}

function label({ name, hint }) {
  return el("span", { class: "option-words" }, name, hint && el("span", { class: "option-hint" }, hint));
}
