// What people can do with a message: react, reply, copy its link, hand it to the bot.

import { send } from "../api.js";
import { emoji } from "../blockkit/emoji.js";
import { addressOf } from "../blockkit/mentions.js";
import { el, iconButton } from "../kit/dom.js";
import { openMenu } from "../kit/menu.js";
import { complain, toast } from "../kit/toast.js";
import { openSide } from "../navigate.js";
import { world } from "../world.js";

const REACTIONS = ["pushpin", "white_check_mark", "eyes", "+1", "tada", "warning", "fire", "heart"];

export function react(message, name, remove = false) {
  send("react", { channel: message.channel, ts: message.ts, name, remove }).catch(complain);
}

/** The bar of deeds that stands on a message while it is pointed at or has the focus. */
export function deedBar(message) {
  const pinned = message.reactions?.some(
    (reaction) => reaction.name === "pushpin" && reaction.users.includes(world.me),
  );
  const deeds = [
    iconButton("more", "More message actions", (event) => openMore(event.currentTarget, message), {
      "aria-haspopup": "menu",
    }),
  ];
  if (!message.ephemeral) {
    const thread = { kind: "thread", channel: message.channel, ts: message.thread_ts ?? message.ts };
    deeds.unshift(
      iconButton("pin", pinned ? "Remove :pushpin:" : "React with :pushpin:", () => react(message, "pushpin", pinned), {
        "aria-pressed": String(Boolean(pinned)),
      }),
      iconButton("smile", "Add another reaction", (event) => openReactions(event.currentTarget, message), {
        "aria-haspopup": "menu",
      }),
      iconButton("thread", "Reply in thread", () => openSide({ ...thread, write: true })),
    );
  }
  return el(
    "div",
    { class: "deed-place" },
    el("div", { class: "deed-bar", role: "toolbar", "aria-label": "Message actions" }, deeds),
  );
}

function openReactions(anchor, message) {
  openMenu(
    anchor,
    REACTIONS.map((name) => ({
      label: `:${name}:`,
      picture: el("span", { "aria-hidden": "true" }, emoji(name)),
      run: () => react(message, name),
    })),
    { align: "end" },
  );
}

function openMore(anchor, message) {
  const shortcuts = message.ephemeral
    ? []
    : world.messageShortcuts.map((shortcut) => ({ label: shortcut.name, run: () => run(shortcut, message) }));
  const copy = [
    {
      label: "Copy link",
      run: () => copied(location.origin + location.pathname + addressOf(message.channel, message.ts), "Link copied."),
    },
    {
      label: "Copy text",
      run: () =>
        copied(document.querySelector(`[data-ts="${message.ts}"] .content`)?.innerText ?? message.text, "Text copied."),
    },
  ];
  openMenu(
    anchor,
    [...shortcuts, shortcuts.length && null, ...copy].filter((item) => item !== 0),
    { align: "end" },
  );
}

function run(shortcut, message) {
  send("shortcut", { channel: message.channel, ts: message.ts, callback_id: shortcut.callback_id }).catch(complain);
}

async function copied(text, note) {
  try {
    await navigator.clipboard.writeText(text);
    toast(note);
  } catch {
    toast(`Copy it from here: ${text}`, { level: "info" });
  }
}
