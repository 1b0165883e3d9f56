// The middle of the page: a conversation's head, its messages or the app's home, and where to write.

import { markRead, openSide, toggleSide, isApp } from "../navigate.js";
import { viewBlocks } from "../blockkit/surface.js";
import { mrkdwn } from "../blockkit/mrkdwn.js";
import { el, fill, icon, keepingFocus } from "../kit/dom.js";
import { avatar, channelIcon, nameOf, titleOf } from "../people.js";
import { send } from "../api.js";
import { complain } from "../kit/toast.js";
import { messagesOf, on, tell, world } from "../world.js";
import { Composer } from "./composer.js";
import { pendingAt } from "./outgoing.js";
import { firstNew, Pane } from "./pane.js";
import { joinBar } from "./sidebar.js";

export function drawChannel({ head, scroller, list, latest, home, foot, guide }) {
  const composer = new Composer({ id: "composer", place: () => ({ channel: world.open }), label: composerLabel });
  const pane = new Pane({
    scroller,
    list,
    latest,
    messages: mainMessages,
    pending: () => pendingAt({ channel: world.open }),
    intro: { mark: () => [world.open], draw: drawIntro },
  });
  latest.addEventListener("click", () => pane.toFoot());
  on("open", ({ unread, focus }) => {
    show();
    pane.start(firstNew(mainMessages(), unread));
    pane.awaitsNew = unread;
    composer.settle();
    if (focus && matchMedia("(hover: hover)").matches && world.tab === "messages") composer.field.focus();
  });
  on("messages", (channel) => {
    if (channel !== world.open) return;
    if (pane.awaitsNew && mainMessages().length) {
      pane.newFrom = firstNew(mainMessages(), pane.awaitsNew);
      pane.awaitsNew = 0;
    }
    pane.update();
    show();
  });
  on("channels", (id) => id === world.open && (show(), markRead()));
  on("users", () => (show(), pane.redraw()));
  on("home", () => drawHome(home));
  on("show", ({ ts }) => pane.show(ts));
  on("sent", ({ place }) => place.thread_ts || (pane.stuck = true));
  on("fill", (text) => composer.write(text));

  function show() {
    const channel = world.channels.get(world.open);
    if (!channel) return;
    const atHome = world.tab === "home";
    document.title = `${titleOf(channel)} · Tocsin sandbox`;
    keepingFocus(head, () => fill(head, drawHead(channel)));
    list.setAttribute("aria-label", `Messages in ${titleOf(channel)}`);
    home.hidden = !atHome;
    scroller.hidden = foot.hidden = atHome;
    guide.hidden = atHome;
    if (atHome) drawHome(home);
    drawFoot(channel);
  }

  // Only when it is another one: putting the same composer in again would take the focus out of it.
  function drawFoot(channel) {
    const kind = channel.archived ? "archived" : channel.member ? "composer" : `join ${channel.id}`;
    if (foot.dataset.kind === kind) return;
    foot.dataset.kind = kind;
    fill(
      foot,
      channel.archived
        ? el("p", { class: "join-bar" }, "This channel is archived.")
        : channel.member
          ? composer.node
          : joinBar(channel),
    );
  }
}

function mainMessages() {
  return messagesOf(world.open).filter(
    (message) => !message.thread_ts || message.thread_ts === message.ts || message.subtype === "thread_broadcast",
  );
}

function composerLabel() {
  const channel = world.channels.get(world.open);
  return channel ? `Message ${titleOf(channel)}, or / for commands` : "Message";
}

function drawHead(channel) {
  const name = el(
    "h1",
    { tabindex: "-1" },
    channel.kind === "im" ? avatar(channel.with, "small") : channelIcon(channel),
    el("span", {}, channel.kind === "im" ? titleOf(channel) : channel.name),
  );
  if (isApp(channel)) return [name, tabs()];
  if (channel.kind === "im") return [name, el("p", { class: "topic" }, world.users.get(channel.with)?.title)];
  const pins = messagesOf(channel.id).filter((message) => message.pinned).length;
  const about = el(
    "button",
    {
      type: "button",
      class: "button quiet-button",
      data: { key: "about" },
      "aria-label": `About this channel: ${channel.members.length} members${pins ? `, ${pins} pinned` : ""}`,
      on: {
        click: () =>
          world.side?.kind === "details" ? toggleSide("details") : openSide({ kind: "details", channel: channel.id }),
      },
    },
    icon("people"),
    String(channel.members.length),
    pins > 0 && [icon("pin"), String(pins)],
  );
  const topic = el("p", { class: "topic", title: channel.topic || null }, mrkdwn(channel.topic));
  return [name, topic, channel.canvas && canvasButton(channel), about];
}

function canvasButton(channel) {
  const open = () =>
    world.side?.kind === "canvas" ? toggleSide("canvas") : openSide({ kind: "canvas", channel: channel.id });
  return el(
    "button",
    { type: "button", class: "button quiet-button", data: { key: "canvas" }, on: { click: open } },
    "Canvas",
  );
}

function tabs() {
  const tab = (id, label) =>
    el(
      "button",
      {
        type: "button",
        role: "tab",
        class: "tab",
        "aria-selected": String(world.tab === id),
        tabindex: world.tab === id ? "0" : "-1",
        data: { key: `tab ${id}` },
        on: { click: () => openTab(id) },
      },
      label,
    );
  const bar = el(
    "div",
    { class: "tabs", role: "tablist", "aria-label": "The app" },
    tab("home", "Home"),
    tab("messages", "Messages"),
  );
  bar.addEventListener("keydown", (event) => {
    if (!["ArrowLeft", "ArrowRight"].includes(event.key)) return;
    openTab(world.tab === "home" ? "messages" : "home");
    document.querySelector('.tab[aria-selected="true"]')?.focus();
  });
  return bar;
}

function openTab(id) {
  if (world.tab === id) return;
  world.tab = id;
  tell("open", { unread: 0, focus: false });
  if (id === "home") send("open-home").catch(complain);
  else markRead();
}

function drawHome(home) {
  if (world.tab !== "home") return;
  const nothing = el("p", { class: "quiet" }, "The app has not published a home for you yet.");
  keepingFocus(home, () =>
    fill(home, el("div", { class: "home-sheet" }, world.home ? viewBlocks(world.home) : nothing)),
  );
}

function drawIntro() {
  const channel = world.channels.get(world.open);
  const words =
    channel.kind === "im"
      ? `This is the start of your conversation with ${nameOf(channel.with)}.`
      : `This is the start of ${titleOf(channel)}.${channel.kind === "private" ? " Only its members can see it." : ""}`;
  return el("p", { class: "intro" }, words);
}
