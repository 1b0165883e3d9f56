// Dialogs: one question at a time, in front of everything.

import { el, freshId } from "./dom.js";

/** Opens a modal dialog around `content`; it leaves the page when it closes. */
export function openDialog(content, { label, labelledby, className = "", closed }) {
  const dialog = el(
    "dialog",
    { class: `dialog ${className}`, "aria-label": label, "aria-labelledby": labelledby },
    content,
  );
  dialog.addEventListener("close", () => {
    dialog.remove();
    closed?.();
  });
  closeOnBackdrop(dialog, () => dialog.close());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/** Calls `close` when both the press and the release of the pointer were outside the dialog's box. */
export function closeOnBackdrop(dialog, close) {
  let pressedOutside = false;
  dialog.addEventListener("pointerdown", (event) => (pressedOutside = event.target === dialog));
  dialog.addEventListener("click", (event) => pressedOutside && event.target === dialog && close());
}

/** Asks a yes-or-no question whose words are text objects already drawn; resolves to true only for the yes. */
export function confirmed({ title, text, confirm, deny, danger }) {
  return new Promise((resolve) => {
    let yes = false;
    const heading = freshId("confirm");
    const answer = (value) => () => {
      yes = value;
      dialog.close();
    };
    const content = el(
      "div",
      { class: "dialog-box confirm" },
      el("h2", { id: heading }, title),
      el("div", { class: "confirm-text" }, text),
      el(
        "div",
        { class: "dialog-foot" },
        el("button", { type: "button", class: "button", on: { click: answer(false) } }, deny),
        el(
          "button",
          { type: "button", class: `button ${danger ? "danger" : "primary"}`, on: { click: answer(true) } },
          confirm,
        ),
      ),
    );
    const dialog = openDialog(content, { labelledby: heading, closed: () => resolve(yes) });
  });
}
