// The strip along the top: everything here belongs to the sandbox, not to the workspace.

import { el, fill, icon } from "../kit/dom.js";
import { openMenu } from "../kit/menu.js";
import { toggleSide } from "../navigate.js";
import { avatar, humans, nameOf } from "../people.js";
import { on, tell, world } from "../world.js";
import { drawClock } from "./clock.js";
import { newMails } from "./mailbox.js";

/** `become(id)` makes the page somebody else's. */
export function drawBar({ drawer, clock, tools }, become) {
  drawClock(clock);
  const happenings = tool("zap", "Events", () => toggleSide("happenings"));
  const mailbox = tool("mail", "Mailbox", () => toggleSide("mailbox"));
  const who = el("button", {
    type: "button",
    class: "stage-button who",
    "aria-haspopup": "menu",
    "aria-expanded": "false",
    on: { click: () => openWho(who, become) },
  });
  tools.append(happenings, mailbox, who);
  on("state mail side", () => drawMailCount(mailbox));
  on("seen", () => drawMailCount(mailbox));
  on("side", () => {
    happenings.setAttribute("aria-pressed", String(world.side?.kind === "happenings"));
    mailbox.setAttribute("aria-pressed", String(world.side?.kind === "mailbox"));
  });
  on("state users", () => {
    who.setAttribute("aria-label", `You are ${nameOf(world.me)}. Be somebody else`);
    fill(
      who,
      avatar(world.me, "small"),
      el("span", { class: "who-words" }, el("span", { class: "who-label" }, "You are"), el("b", {}, nameOf(world.me))),
      icon("down"),
    );
  });
  drawer.addEventListener("click", () => tell("drawer", drawer.getAttribute("aria-expanded") !== "true"));
}

function tool(drawing, label, click) {
  return el(
    "button",
    { type: "button", class: "stage-button tool", "aria-pressed": "false", "aria-label": label, on: { click } },
    icon(drawing),
    el("span", { class: "tool-label" }, label),
  );
}

function drawMailCount(button) {
  const count = newMails();
  button.querySelector(".badge")?.remove();
  button.setAttribute("aria-label", count ? `Mailbox, ${count} new` : "Mailbox");
  if (count) button.append(el("span", { class: "badge mention-badge" }, String(count)));
}

function openWho(anchor, become) {
  const items = humans().map((user) => ({
    label: nameOf(user.id),
    hint: user.title,
    picture: avatar(user.id),
    checked: user.id === world.me,
    run: () => user.id !== world.me && become(user.id),
  }));
  openMenu(anchor, items, { label: "Who am I?", align: "end" });
}
