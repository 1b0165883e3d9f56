// The panel at the right: a thread, a channel's details, or one of the sandbox's own drawers.

import { mrkdwn } from "../blockkit/mrkdwn.js";
import { el, fill, iconButton } from "../kit/dom.js";
import { closeSide, openDirect, openMessage } from "../navigate.js";
import { avatar, nameOf, titleOf } from "../people.js";
import { drawHappenings } from "../stage/happenings.js";
import { drawMailbox, FRAME_RULES } from "../stage/mailbox.js";
import { messageKey, messagesOf, on, world } from "../world.js";
import { Composer } from "./composer.js";
import { drawMessage } from "./message.js";
import { pendingAt } from "./outgoing.js";
import { Pane } from "./pane.js";

const TITLES = { thread: "Thread", details: "About", canvas: "Canvas", mailbox: "Mailbox", happenings: "Make something happen" };

const CANVAS_STYLE = `<style>table { border-collapse: collapse } :is(th, td) { border: 1px solid #ccc; padding: 3px 8px; text-align: left }
tr:has(th:empty) { display: none }</style>`;

let thread = null;
let before = null; // what had the focus when the panel opened

export function prepareSide(host) {
  const title = el("h2", { id: "side-title", tabindex: "-1" });
  const where = el("span", { class: "side-where" });
  const body = el("div", { class: "side-body" });
  host.append(
    el(
      "header",
      { class: "side-head" },
      el("div", {}, title, where),
      iconButton("close", "Close the panel", closeSide),
    ),
    body,
  );
  let shown = null;
  const draw = () => {
    const side = world.side;
    host.hidden = !side;
    document.body.classList.toggle("with-side", Boolean(side));
    if (!side) return leave(host);
    const key = JSON.stringify([world.me, side.kind, side.channel, side.ts]);
    const isNew = key !== shown;
    shown = key;
    title.textContent = TITLES[side.kind];
    where.textContent = side.channel ? titleOf(world.channels.get(side.channel)) : "";
    if (isNew) thread = null;
    if (isNew) before ??= document.activeElement;
    host.dataset.kind = side.kind;
    drawers[side.kind](body, side, isNew);
    if (isNew && side.kind !== "thread") title.focus({ preventScroll: true });
  };
  const leave = () => {
    shown = null;
    thread = null;
    fill(body);
    if (before?.isConnected && document.activeElement === document.body) before.focus();
    before = null;
  };
  const redrawFor =
    (...kinds) =>
    () =>
      kinds.includes(world.side?.kind) && draw();
  on("side", draw);
  on("state", () => {
    shown = null;
    draw();
  });
  on("messages", (channel) => world.side?.channel === channel && draw());
  on("sent", ({ place }) => place.thread_ts && thread && (thread.pane.stuck = true));
  on("mail", redrawFor("mailbox"));
  on("happenings", redrawFor("happenings"));
  on("channels users", redrawFor("details", "canvas"));
  host.addEventListener("keydown", (event) => event.key === "Escape" && !event.defaultPrevented && closeSide());
}

const drawers = {
  mailbox: drawMailbox,
  happenings: drawHappenings,
  details: drawDetails,
  canvas: drawCanvas,
  thread(body, side, isNew) {
    thread ??= openThread(body, side);
    thread.pane.update();
    if (side.write || isNew) thread.composer.field.focus();
    side.write = false;
  },
};

function openThread(body, { channel, ts }) {
  const list = el("div", { class: "messages", role: "log", "aria-label": "Thread" });
  const scroller = el("div", { class: "scroller" }, list);
  const composer = new Composer({ place: () => ({ channel, thread_ts: ts }), label: () => "Reply in the thread" });
  const messages = () => messagesOf(channel).filter((message) => message.ts === ts || message.thread_ts === ts);
  const pending = () => pendingAt({ channel, thread_ts: ts });
  fill(body, scroller, composer.node);
  composer.settle();
  return { composer, pane: new Pane({ scroller, list, messages, pending, inThread: true }) };
}

function drawCanvas(body, { channel: id }) {
  const canvas = world.channels.get(id).canvas;
  const frame = el("iframe", {
    class: "canvas-frame",
    title: `The canvas “${canvas.title}”`,
    sandbox: "allow-popups allow-popups-to-escape-sandbox",
    srcdoc: FRAME_RULES + CANVAS_STYLE + canvas.html,
  });
  fill(body, frame);
}

function drawDetails(body, { channel: id }) {
  const channel = world.channels.get(id);
  const pins = messagesOf(id).filter((message) => message.pinned);
  const member = (user) =>
    el(
      "li",
      {},
      el(
        "button",
        { type: "button", class: "person-row", on: { click: () => openDirect(user) } },
        avatar(user),
        el("span", {}, el("b", {}, nameOf(user)), el("span", { class: "option-hint" }, world.users.get(user)?.title)),
      ),
    );
  const pin = (message) =>
    el(
      "li",
      { class: "pin" },
      drawMessage(message, { inThread: true }),
      el(
        "button",
        { type: "button", class: "link-button", on: { click: () => openMessage(id, message.ts) } },
        "Show in the channel",
      ),
    );
  const part = (heading, ...content) => el("section", { class: "detail" }, el("h3", {}, heading), content);
  fill(
    body,
    el(
      "div",
      { class: "side-scroll" },
      channel.topic && part("Topic", el("p", {}, mrkdwn(channel.topic))),
      part(
        `Pinned (${pins.length})`,
        pins.length
          ? el("ul", { class: "pins", data: { pins: pins.map(messageKey).join() } }, pins.map(pin))
          : el("p", { class: "quiet" }, "Nothing is pinned here."),
      ),
      part(`Members (${channel.members.length})`, el("ul", { class: "people" }, channel.members.map(member))),
    ),
  );
}
