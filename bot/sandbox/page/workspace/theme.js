// Light or dark: as the system says, until somebody chooses.

import { el, icon } from "../kit/dom.js";

const CHOICES = [
  ["", "System colours", "half"],
  ["light", "Light", "sun"],
  ["dark", "Dark", "moon"],
];

export function applyTheme(theme = localStorage.getItem("theme") ?? "") {
  if (theme) document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
  localStorage.setItem("theme", theme);
}

export function themeSwitch() {
  const chosen = localStorage.getItem("theme") ?? "";
  const choice = ([value, label, drawing]) =>
    el(
      "label",
      { class: "theme-choice", title: label },
      el("input", {
        type: "radio",
        name: "theme",
        value,
        checked: value === chosen,
        "aria-label": label,
        on: { change: () => applyTheme(value) },
      }),
      icon(drawing),
    );
  return el("fieldset", { class: "theme-switch" }, el("legend", {}, "Colours"), CHOICES.map(choice));
}
