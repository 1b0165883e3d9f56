// One message: who, when, what, and what people did with it.

import { linked, mrkdwn } from "../blockkit/mrkdwn.js";
import { clockTime, dateOfTs, wholeMoment } from "../blockkit/dates.js";
import { reactionSign } from "../blockkit/emoji.js";
import { addressOf } from "../blockkit/mentions.js";
import { messageBlocks } from "../blockkit/surface.js";
import { avatar, nameOf } from "../people.js";
import { el, icon } from "../kit/dom.js";
import { openSide } from "../navigate.js";
import { messagesOf, world } from "../world.js";
import { react } from "./deeds.js";

/** `grouped`: it follows one of the same person so closely that name and face are not repeated. */
export function drawMessage(message, { grouped = false, inThread = false } = {}) {
  if (message.subtype && !["bot_message", "thread_broadcast", "file_share", "me_message"].includes(message.subtype))
    return drawEvent(message);
  const classes = ["message", grouped && "grouped", message.ephemeral && "ephemeral", message.pinned && "pinned"]
    .filter(Boolean)
    .join(" ");
  return el(
    "article",
    {
      class: classes,
      tabindex: "-1",
      "aria-label": spoken(message),
      data: { ts: message.ts, key: `message ${message.ts}` },
    },
    el("div", { class: "gutter" }, grouped ? moment(message) : avatar(message.user)),
    el(
      "div",
      { class: "message-body" },
      message.ephemeral && el("p", { class: "message-note" }, icon("eye"), "Only visible to you"),
      message.pinned && el("p", { class: "message-note" }, icon("pin"), "Pinned"),
      !grouped && el("p", { class: "byline" }, author(message), moment(message)),
      el("div", { class: "content" }, content(message), message.edited && el("span", { class: "edited" }, "(edited)")),
      attachments(message),
      files(message),
      reactions(message),
      !inThread && threadLink(message),
    ),
  );
}

function drawEvent(message) {
  const named = message.text.startsWith(`<@${message.user}>`);
  return el(
    "article",
    { class: "message event", tabindex: "-1", data: { ts: message.ts, key: `message ${message.ts}` } },
    el("div", { class: "gutter" }, moment(message)),
    el("div", { class: "message-body" }, !named && el("b", {}, nameOf(message.user), " "), mrkdwn(message.text)),
  );
}

function spoken(message) {
  return `${nameOf(message.user)}, ${clockTime(dateOfTs(message.ts))}`;
}

function author(message) {
  const app = message.bot || world.users.get(message.user)?.is_bot;
  return el("span", { class: "author" }, nameOf(message.user), " ", app && el("span", { class: "app-mark" }, "App"));
}

function moment(message) {
  const date = dateOfTs(message.ts);
  return el(
    "a",
    { class: "moment", href: addressOf(message.channel, message.ts), title: wholeMoment(date), tabindex: "-1" },
    el("time", { datetime: date.toISOString() }, clockTime(date)),
  );
}

function content(message) {
  if (message.blocks?.length) return messageBlocks(message);
  return el("div", { class: "block-text" }, mrkdwn(message.text ?? ""));
}

function attachments({ attachments: parts = [], ...message }) {
  return parts.map((part) =>
    el(
      "div",
      {
        class: "attachment",
        style: /^#?[0-9a-f]{6}$/i.test(part.color ?? "") ? { "--bar": `#${part.color.replace("#", "")}` } : {},
      },
      part.blocks
        ? messageBlocks({ ...message, blocks: part.blocks })
        : el("div", { class: "block-text" }, mrkdwn(part.text ?? part.fallback ?? "")),
    ),
  );
}

function files({ files: uploaded = [] }) {
  return uploaded.map((file) =>
    el(
      "figure",
      { class: "file" },
      el(
        "figcaption",
        {},
        icon("file"),
        el("a", { href: file.url, target: "_blank", rel: "noopener" }, file.title || file.id),
      ),
      file.mimetype?.startsWith("image/") &&
        el("img", { src: file.url, alt: file.title || "Uploaded image", loading: "lazy" }),
    ),
  );
}

function reactions(message) {
  if (!message.reactions?.length) return null;
  return el(
    "div",
    { class: "reactions" },
    message.reactions.map((reaction) => pill(message, reaction)),
  );
}

function pill(message, { name, users }) {
  const mine = users.includes(world.me);
  const who = users.map(nameOf).join(", ");
  return el(
    "button",
    {
      type: "button",
      class: "reaction",
      "aria-pressed": String(mine),
      title: `${who}: ${name}`,
      data: { key: `reaction ${message.ts} ${name}` },
      "aria-label": `${name.replaceAll("_", " ")}, ${users.length}: ${who}`,
      on: { click: () => react(message, name, mine) },
    },
    el("span", { "aria-hidden": "true" }, reactionSign(name)),
    el("span", { class: "count", "aria-hidden": "true" }, String(users.length)),
  );
}

export function repliesTo(message) {
  return messagesOf(message.channel).filter((one) => one.thread_ts === message.ts && one.ts !== message.ts);
}

function threadLink(message) {
  const replies = repliesTo(message).filter((reply) => !reply.ephemeral);
  const count = Math.max(replies.length, message.reply_count ?? 0);
  if (!count) return null;
  const faces = [...new Set(replies.map((reply) => reply.user))].slice(0, 3).map((user) => avatar(user, "tiny"));
  const last = replies.at(-1);
  return el(
    "button",
    {
      type: "button",
      class: "thread-link",
      data: { key: `thread ${message.ts}` },
      on: { click: () => openSide({ kind: "thread", channel: message.channel, ts: message.ts }) },
    },
    faces,
    el("b", {}, count === 1 ? "1 reply" : `${count} replies`),
    last && el("span", {}, `last at ${clockTime(dateOfTs(last.ts))}`),
  );
}

/** A message on its way, or one that did not get there. */
export function drawPending({ text, error, again, edit }) {
  return el(
    "article",
    { class: `message pending ${error ? "failed" : ""}`, "aria-busy": String(!error) },
    el("div", { class: "gutter" }, avatar(world.me)),
    el(
      "div",
      { class: "message-body" },
      el("p", { class: "byline" }, el("span", { class: "author" }, nameOf(world.me))),
      el("div", { class: "block-text" }, linked(text)),
      error
        ? el(
            "p",
            { class: "pending-note error", role: "alert" },
            error,
            el("button", { type: "button", class: "link-button", on: { click: again } }, "Try again"),
            el("button", { type: "button", class: "link-button", on: { click: edit } }, "Edit"),
          )
        : el("p", { class: "pending-note" }, "Sending…"),
    ),
  );
}
