// Block elements: what can be pressed, ticked, chosen and filled in.

import { el, freshId, icon } from "../kit/dom.js";
import { openMenu } from "../kit/menu.js";
import { textArea, textField } from "./fields.js";
import { select } from "./select.js";
import { plainText, textNode } from "./text.js";

/**
 * Draws one element. `place` is where it stands: `{block, form, act, label, labelledby, describedby, input}`.
 * `act(element, value)` tells the bot and resolves when it has heard; `input` is true inside an input block,
 * where a change is only kept until the form is submitted.
 */
export function drawElement(element, place) {
  const draw = elements[element.type];
  if (!draw) return el("span", { class: "unknown-block" }, `${element.type} is not shown in the sandbox`);
  return draw(element, {
    ...place,
    key: `${place.block.block_id}|${element.action_id}`,
    change: changer(element, place),
  });
}

/** Keeps a new value, and tells the bot at once where Slack would. */
function changer(element, { block, form, act, input }) {
  return (value, { tell = !input || block.dispatch_action } = {}) => {
    form.keep(block.block_id, element, value);
    if (tell) act(element, value);
  };
}

const elements = {
  button,
  workflow_button: button,
  overflow,
  image: (element) =>
    el("img", { class: "element-image", src: element.image_url, alt: element.alt_text, referrerpolicy: "no-referrer" }),
  checkboxes: (element, place) => choices("checkbox", element, place),
  radio_buttons: (element, place) => choices("radio", element, place),
  plain_text_input: (element, place) =>
    element.multiline ? textArea(element, place) : textField("text", element, place),
  email_text_input: (element, place) => textField("email", element, place),
  url_text_input: (element, place) => textField("url", element, place),
  number_input: (element, place) =>
    textField("text", element, place, { inputmode: element.is_decimal_allowed ? "decimal" : "numeric" }),
  rich_text_input: richTextInput,
  datepicker: (element, place) => moment("date", "selected_date", element, place),
  timepicker: (element, place) => moment("time", "selected_time", element, place),
  datetimepicker: (element, place) => moment("datetime-local", "selected_date_time", element, place, UNIX_SECONDS),
};
for (const type of ["static", "external", "users", "channels", "conversations"]) {
  elements[`${type}_select`] = select;
  elements[`multi_${type}_select`] = select;
}

function button(element, { act, key }) {
  const attributes = {
    class: `button ${element.style ?? ""}`,
    "aria-label": element.accessibility_label,
    data: { key },
    on: { click: (event) => press(event.currentTarget, element, act) },
  };
  const words = plainText(element.text);
  if (!element.url) return el("button", { type: "button", ...attributes }, words);
  const safe = /^https?:\/\//i.test(element.url) ? element.url : null;
  return el(
    "a",
    { ...attributes, role: "button", href: safe, target: "_blank", rel: "noopener noreferrer" },
    words,
    icon("out"),
  );
}

async function press(node, element, act) {
  if (node.getAttribute("aria-busy") === "true") return;
  node.setAttribute("aria-busy", "true");
  await act(element, element.value === undefined ? {} : { value: element.value });
  node.removeAttribute("aria-busy");
}

function overflow(element, { act, key }) {
  const open = (event) => {
    const items = element.options.map((option) => ({
      label: plainText(option.text),
      hint: plainText(option.description),
      run: () => chosen(option),
    }));
    openMenu(event.currentTarget, items, { align: "end" });
  };
  const chosen = (option) => {
    if (/^https?:\/\//i.test(option.url ?? "")) window.open(option.url, "_blank", "noopener");
    act(element, { selected_option: option });
  };
  const more = { "aria-haspopup": "menu", "aria-expanded": "false", "aria-label": "More actions", data: { key } };
  return el("button", { type: "button", class: "button overflow", ...more, on: { click: open } }, icon("more"));
}

function choices(kind, element, { block, form, change, label, labelledby, describedby, key }) {
  const field = kind === "radio" ? "selected_option" : "selected_options";
  const kept = [form.value(block.block_id, element)[field] ?? []].flat().map((option) => option.value);
  const name = freshId(kind);
  const changed = () => {
    const ticked = element.options.filter((option, index) => boxes[index].checked);
    change({ [field]: kind === "radio" ? (ticked[0] ?? null) : ticked });
  };
  const boxes = element.options.map((option, index) =>
    el("input", {
      type: kind,
      name,
      value: option.value,
      checked: kept.includes(option.value),
      data: { key: `${key}|${index}` },
      on: { change: changed },
    }),
  );
  const row = (option, index) =>
    el(
      "label",
      { class: "choice" },
      boxes[index],
      el(
        "span",
        {},
        textNode(option.text),
        option.description && el("span", { class: "choice-hint" }, textNode(option.description)),
      ),
    );
  const role = kind === "radio" ? "radiogroup" : "group";
  return el(
    "div",
    { class: "choices", role, "aria-label": label, "aria-labelledby": labelledby, "aria-describedby": describedby },
    element.options.map(row),
  );
}

function richTextInput(element, place) {
  const kept = place.form.value(place.block.block_id, element).rich_text_value;
  const leaves = (kept?.elements ?? []).flatMap((section) => section.elements ?? []);
  const text = leaves.map((leaf) => leaf.text ?? "").join("");
  const wrap = (value) => ({
    rich_text_value: value && {
      type: "rich_text",
      elements: [{ type: "rich_text_section", elements: [{ type: "text", text: value }] }],
    },
  });
  return textArea(element, { ...place, shown: text, change: ({ value }, how) => place.change(wrap(value), how) });
}

const PLAIN = { toField: (value) => value ?? "", fromField: (text) => text || null };
const UNIX_SECONDS = {
  toField(seconds) {
    if (!seconds) return "";
    const date = new Date(seconds * 1000);
    return new Date(date - date.getTimezoneOffset() * 60000).toISOString().slice(0, 16);
  },
  fromField: (text) => (text ? Math.round(new Date(text).getTime() / 1000) : null),
};

// A half-typed date is a date too ("year 2"): the bot is told when the typing rests.
const REST_MS = 700;

function moment(
  type,
  field,
  element,
  { block, form, change, label, labelledby, describedby, key },
  { toField, fromField } = PLAIN,
) {
  let timer;
  const changed = (event) => {
    const value = { [field]: fromField(event.target.value) };
    change(value, { tell: false });
    clearTimeout(timer);
    timer = setTimeout(() => change(value), REST_MS);
  };
  const name = label ?? (labelledby ? null : plainText(element.placeholder) || "Choose");
  return el("input", {
    type,
    class: "field date-field",
    value: toField(form.value(block.block_id, element)[field]),
    data: { key },
    "aria-label": name,
    "aria-labelledby": labelledby,
    "aria-describedby": describedby,
    on: { change: changed },
  });
}
