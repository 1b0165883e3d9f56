// Where people write: a text field with completion, memory and honest sending.

import { fitHeight } from "../blockkit/fields.js";
import { el, fill, icon } from "../kit/dom.js";
import { Listbox } from "../kit/listbox.js";
import { world } from "../world.js";
import { commandOf, completions } from "./completion.js";
import { deliver } from "./outgoing.js";

const drafts = new Map();
const sentBefore = []; // newest last, for the arrow-up key

export class Composer {
  /** `place()` gives `{channel, thread_ts?}`; `label()` the words in the empty field. */
  constructor({ place, label, id }) {
    Object.assign(this, { place, label });
    this.field = el("textarea", {
      id,
      class: "composer-field",
      rows: "1",
      role: "combobox",
      "aria-expanded": "false",
      "aria-haspopup": "listbox",
      on: {
        input: () => this.typed(),
        keydown: (event) => this.onKey(event),
        blur: () => this.endCompletion(),
        click: () => this.complete(),
      },
    });
    this.list = new Listbox({ field: this.field, label: "Suggestions", choose: (item) => this.insert(item) });
    this.list.node.hidden = true;
    this.usage = el("p", { class: "usage", hidden: true });
    const sendButton = el(
      "button",
      {
        type: "button",
        class: "button primary send",
        "aria-label": "Send",
        title: "Send",
        on: { click: () => this.submit() },
      },
      icon("send"),
    );
    const box = el("div", { class: "composer-box" }, this.field, sendButton);
    this.node = el("div", { class: "composer" }, this.list.node, this.usage, box);
    this.recalled = null;
  }

  get draftKey() {
    const { channel, thread_ts: thread } = this.place();
    return [world.me, channel, thread].join(" ");
  }

  /** Shows the draft of the place the composer stands at now. */
  settle() {
    if (this.settledAt === this.draftKey) return;
    this.settledAt = this.draftKey;
    this.write(drafts.get(this.draftKey) ?? "", { focus: false });
    const label = this.label();
    this.field.placeholder = matchMedia("(max-width: 760px)").matches ? "Message, or / for commands" : label;
    this.field.setAttribute("aria-label", label);
  }

  /** Replaces what stands in the field, with the caret at its end. */
  write(text, { focus = true } = {}) {
    this.field.value = text;
    if (focus) this.field.focus();
    this.field.setSelectionRange(text.length, text.length);
    this.keepDraft();
    this.endCompletion();
    this.showUsage();
  }

  typed() {
    this.recalled = null;
    this.keepDraft();
    this.complete();
    this.showUsage();
  }

  keepDraft() {
    if (this.field.value) drafts.set(this.draftKey, this.field.value);
    else drafts.delete(this.draftKey);
    fitHeight(this.field);
  }

  complete() {
    this.found = completions(this.field.value, this.field.selectionStart);
    if (!this.found) return this.endCompletion();
    this.list.node.hidden = false;
    return this.list.show(this.found.items.map((item) => ({ ...item, label: completionRow(item) })));
  }

  endCompletion() {
    this.found = null;
    this.list.hide();
    this.list.node.hidden = true;
  }

  insert({ insert }) {
    const { value, selectionStart } = this.field;
    const from = this.found.from;
    this.field.setRangeText(insert, from, value[selectionStart] === " " ? selectionStart + 1 : selectionStart, "end");
    this.keepDraft();
    this.endCompletion();
    this.showUsage();
  }

  showUsage() {
    const command = this.found ? null : commandOf(this.field.value);
    this.usage.hidden = !command;
    if (command) fill(this.usage, el("b", {}, command.command), ` ${command.usage_hint ?? ""}`);
  }

  onKey(event) {
    if (event.isComposing) return;
    if (this.found && this.takesCompletionKey(event)) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.submit();
    } else if (event.key === "ArrowUp" && (!this.field.value || this.recalled !== null)) this.recall(event, -1);
    else if (event.key === "ArrowDown" && this.recalled !== null) this.recall(event, 1);
  }

  takesCompletionKey(event) {
    if (this.list.takesKey(event)) return true;
    const item = this.list.item;
    // A command typed out in full is sent, not completed again.
    const complete = this.found.kind === "command" && this.field.value === item?.name;
    if (event.key === "Escape") this.endCompletion();
    else if (item && (event.key === "Tab" || (event.key === "Enter" && !event.shiftKey && !complete)))
      this.insert(item);
    else return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  }

  recall(event, step) {
    const at = (this.recalled ?? sentBefore.length) + step;
    if (at < 0 || at > sentBefore.length) return;
    event.preventDefault();
    this.write(sentBefore[at] ?? "");
    this.recalled = at === sentBefore.length ? null : at;
  }

  submit() {
    const text = this.field.value.trim();
    if (!text) return;
    const place = this.place();
    if (sentBefore.at(-1) !== text) sentBefore.push(text);
    this.write("");
    this.recalled = null;
    deliver(place, text, (back) => this.write(back));
  }
}

function completionRow({ name, hint, usage }) {
  return el(
    "span",
    { class: "completion" },
    el("b", {}, name),
    usage && el("code", {}, usage),
    hint && el("span", { class: "option-hint" }, hint),
  );
}
