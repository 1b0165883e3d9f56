// Things that can happen in the simulated world, one button each.

import { send } from "../api.js";
import { el, fill, keepingFocus } from "../kit/dom.js";
import { complain } from "../kit/toast.js";
import { world } from "../world.js";

export function drawHappenings(body) {
  const lead = el("p", { class: "quiet" }, "The outside world of the example team: what its monitoring would notice.");
  keepingFocus(body, () =>
    fill(
      body,
      el(
        "div",
        { class: "side-scroll" },
        world.links?.length > 0 && links(),
        lead,
        el("ul", { class: "happenings" }, world.happenings.map(row)),
        world.replaced?.length > 0 && replacements(),
      ),
    ),
  );
}

/** What those outside would look at, each in a tab of its own. */
function links() {
  const line = ({ label, address, description }) =>
    el("li", {}, el("a", { href: address, target: "_blank", rel: "noopener" }, label), ` ${description}`);
  return el("section", { class: "replaced" }, el("h3", {}, "What others see"), el("ul", {}, world.links.map(line)));
}

/** Which addresses of the runbook lead somewhere else here. */
function replacements() {
  const line = ({ what, was, now }) => el("li", {}, el("code", {}, what), ` ${was} → ${now}`);
  return el(
    "section",
    { class: "replaced" },
    el("h3", {}, "Replaced in this sandbox"),
    el("p", { class: "quiet" }, "Nothing here reaches your real systems. These addresses of the runbook lead elsewhere:"),
    el("ul", {}, world.replaced.map(line)),
  );
}

function row({ id, label, description, on }) {
  const lasting = on !== null && on !== undefined;
  const button = el(
    "button",
    {
      type: "button",
      class: "happening",
      "aria-pressed": lasting ? String(on) : null,
      data: { key: `happen ${id}` },
      on: { click: () => happen(button, id) },
    },
    el(
      "span",
      { class: "happening-words" },
      el("b", {}, label),
      description && el("span", { class: "option-hint" }, description),
    ),
    lasting
      ? el("span", { class: `state-mark ${on ? "is-on" : ""}` }, on ? "On" : "Off")
      : el("span", { class: "state-mark" }, "Once"),
  );
  return el("li", {}, button);
}

async function happen(button, id) {
  if (button.getAttribute("aria-busy") === "true") return;
  button.setAttribute("aria-busy", "true");
  await send("happen", { id }).catch(complain);
  button.setAttribute("aria-busy", "false");
}
