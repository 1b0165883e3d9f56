// Fields for typing: one line or several.

import { el } from "../kit/dom.js";
import { plainText } from "./text.js";

/** `type` is the HTML one; `more` are further attributes. */
export function textField(type, element, place, more = {}) {
  const enter = (event) => {
    if (event.key !== "Enter" || !dispatchesOn(element, place, "on_enter_pressed")) return;
    event.preventDefault();
    place.change({ value: event.target.value || null }, { tell: true });
  };
  return el("input", { type, class: "field", autocomplete: "off", ...shared(element, place, enter), ...more });
}

export function textArea(element, place) {
  const area = el("textarea", { class: "field", rows: "3", ...shared(element, place, () => {}) });
  area.addEventListener("input", () => fitHeight(area));
  requestAnimationFrame(() => fitHeight(area));
  return area;
}

/** As high as its text, as far as the stylesheet lets it grow. */
export function fitHeight(area) {
  area.style.height = "auto";
  area.style.height = `${area.scrollHeight + area.offsetHeight - area.clientHeight}px`;
}

function shared(element, place, keydown) {
  const { block, form, change, label, labelledby, describedby, key, input, shown } = place;
  const typed = (event) =>
    change({ value: event.target.value || null }, { tell: dispatchesOn(element, place, "on_character_entered") });
  return {
    value: shown ?? form.value(block.block_id, element).value ?? "",
    placeholder: plainText(element.placeholder),
    maxlength: element.max_length,
    "aria-label": label ?? (labelledby ? null : plainText(element.placeholder)),
    "aria-labelledby": labelledby,
    "aria-describedby": describedby,
    "aria-required": input && !block.optional ? "true" : null,
    data: { key },
    on: { input: typed, keydown },
  };
}

function dispatchesOn(element, { block }, moment) {
  const moments = element.dispatch_action_config?.trigger_actions_on ?? ["on_enter_pressed"];
  return Boolean(block.dispatch_action) && moments.includes(moment);
}
