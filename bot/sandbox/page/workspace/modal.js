// The bot's modals: a stack of views of which the top one is seen.

import { send } from "../api.js";
import { showMistakes } from "../blockkit/blocks.js";
import { formOf, mistakesIn, valuesOf } from "../blockkit/form.js";
import { viewBlocks } from "../blockkit/surface.js";
import { plainText } from "../blockkit/text.js";
import { el, fill, freshId, icon, iconButton, keepingFocus } from "../kit/dom.js";
import { closeOnBackdrop } from "../kit/dialog.js";
import { complain } from "../kit/toast.js";
import { avatar, apps } from "../people.js";
import { on, tell, world } from "../world.js";

export function prepareModals(dialog) {
  let shown = null;
  const draw = () => {
    const view = world.modals.at(-1);
    if (!view) {
      shown = null;
      return dialog.open && dialog.close();
    }
    const drawing = JSON.stringify([view.id, view.blocks, view.title, view.submit, view.close, world.modals.length]);
    if (drawing === shown?.drawing) return undefined;
    const isNew = view.id !== shown?.id;
    shown = { id: view.id, drawing };
    keepingFocus(dialog, () => fill(dialog, drawView(view)));
    dialog.setAttribute("aria-labelledby", dialog.querySelector("h2").id);
    if (!dialog.open) dialog.showModal();
    if (isNew) focusFirst(dialog, view);
  };
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    dismiss();
  });
  closeOnBackdrop(dialog, () => dismiss());
  on("modals state", draw);
}

function drawView(view) {
  const title = freshId("modal-title");
  const below = world.modals.length > 1;
  const form = el("form", { class: "dialog-box modal", novalidate: true });
  const submitButton = view.submit && el("button", { type: "submit", class: "button primary" }, plainText(view.submit));
  form.append(
    el(
      "header",
      { class: "modal-head" },
      below ? iconButton("back", "Back", () => dismiss()) : avatar(apps()[0]?.id, "small"),
      el("h2", { id: title }, plainText(view.title)),
      iconButton("close", "Close", () => dismiss({ all: below })),
    ),
    el("div", { class: "modal-body" }, viewBlocks(view)),
    el(
      "footer",
      { class: "dialog-foot" },
      el("p", { class: "modal-error", role: "alert" }),
      el(
        "button",
        { type: "button", class: "button", on: { click: () => dismiss() } },
        view.close ? plainText(view.close) : view.submit ? "Cancel" : "Close",
      ),
      submitButton,
    ),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (submitButton) submit(view, form, submitButton);
  });
  return form;
}

async function submit(view, form, button) {
  if (button.getAttribute("aria-busy") === "true") return;
  const kept = formOf(view.id);
  const mistakes = mistakesIn(view.blocks, kept);
  showMistakes(form, mistakes);
  if (Object.keys(mistakes).length) return;
  form.querySelector(".modal-error").textContent = "";
  busy(button, true);
  try {
    const { errors } = await send("submit", { view_id: view.id, values: valuesOf(view.blocks, kept) });
    if (errors) showMistakes(form, errors);
  } catch (error) {
    fill(form.querySelector(".modal-error"), icon("warning"), error.message);
  }
  busy(button, false);
}

function busy(button, is) {
  button.setAttribute("aria-busy", String(is));
  button.closest("form").querySelector(".modal-body").classList.toggle("waiting", is);
}

/** Takes the top view away at once; the server's own word follows over the live connection. */
function dismiss({ all = false } = {}) {
  const view = world.modals.at(-1);
  if (!view) return;
  world.modals = all ? [] : world.modals.slice(0, -1);
  tell("modals");
  send("dismiss", { view_id: view.id, all }).catch(complain);
}

function focusFirst(dialog, view) {
  const wanted = view.blocks.flatMap((block) =>
    [block.element, block.accessory, ...(block.elements ?? [])]
      .filter((element) => element?.focus_on_load)
      .map((element) => `${block.block_id}|${element.action_id}`),
  )[0];
  const fields = [...dialog.querySelectorAll(".modal-body [data-key]")];
  const first = fields.find((node) => node.dataset.key === wanted) ?? fields[0];
  if (first) first.focus();
  else dialog.querySelector(".dialog-foot .button:last-child")?.focus();
}
