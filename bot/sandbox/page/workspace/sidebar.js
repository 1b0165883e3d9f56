// The list of places: channels, direct messages, apps; what is unread, who is mentioned.

import { send } from "../api.js";
import { addressOf } from "../blockkit/mentions.js";
import { el, fill, icon, keepingFocus } from "../kit/dom.js";
import { complain } from "../kit/toast.js";
import { openChannel, openDirect } from "../navigate.js";
import { apps, avatar, channelIcon, humans, nameOf, titleOf } from "../people.js";
import { on, tell, world } from "../world.js";
import { openSwitcher } from "./switcher.js";
import { themeSwitch } from "./theme.js";

const fresh = new Set(); // channels made or joined while the page was open, until they are visited

export function drawSidebar(host) {
  const lists = el("div", { class: "places" });
  const head = el(
    "div",
    { class: "sidebar-head" },
    el("strong", { class: "team-name" }),
    el(
      "button",
      { type: "button", class: "jump", on: { click: openSwitcher } },
      icon("search"),
      "Jump to…",
      el("kbd", {}, "Ctrl K"),
    ),
  );
  host.append(head, lists, el("div", { class: "sidebar-foot" }, themeSwitch()));
  const draw = () => {
    head.firstChild.textContent = world.team.name;
    keepingFocus(lists, () => fill(lists, channelList(), elsewhereList(), peopleList(), appList()));
  };
  on("state channels users open", draw);
  on("joined", (channel) => fresh.add(channel.id));
  on("open", () => fresh.delete(world.open));
  listenForArrows(lists);
}

function channelsWhere(test) {
  return [...world.channels.values()]
    .filter((channel) => channel.kind !== "im" && test(channel))
    .sort((a, b) => a.name.localeCompare(b.name));
}

function list(title, rows) {
  return el(
    "section",
    { "aria-label": title },
    el("h2", {}, title),
    el(
      "ul",
      {},
      rows.map((one) => el("li", {}, one)),
    ),
  );
}

function channelList() {
  return list("Channels", channelsWhere((channel) => channel.member && !channel.archived).map(row));
}

function elsewhereList() {
  const others = channelsWhere((channel) => !channel.member || channel.archived);
  if (!others.length) return null;
  const open = others.some((channel) => channel.id === world.open) || elsewhereList.open;
  const details = el(
    "details",
    { open },
    el("summary", {}, `Other channels (${others.length})`),
    el(
      "ul",
      {},
      others.map((channel) => el("li", {}, row(channel))),
    ),
  );
  details.addEventListener("toggle", () => (elsewhereList.open = details.open));
  return details;
}

function row(channel) {
  return place(channel, channelIcon(channel), channel.name, () => openChannel(channel.id));
}

function place(channel, picture, name, open) {
  const unread = channel?.unread ?? 0;
  const here = channel && channel.id === world.open;
  const classes = ["place", here && "here", unread && !here && "unread", !channel?.member && channel && "outside"]
    .filter(Boolean)
    .join(" ");
  const spoken = [
    name,
    channel?.mention ? `${unread} unread, you are mentioned` : unread && `${unread} unread`,
    channel?.archived && "archived",
  ]
    .filter(Boolean)
    .join(", ");
  const go = (event) => {
    event.preventDefault();
    tell("drawer", false);
    open();
  };
  return el(
    "a",
    {
      class: classes,
      href: channel ? addressOf(channel.id) : "#",
      "aria-current": here ? "page" : null,
      "aria-label": spoken,
      data: { key: `place ${channel?.id ?? name}` },
      on: { click: go },
    },
    picture,
    el("span", { class: "place-name" }, name),
    badge(channel, here),
  );
}

function badge(channel, here) {
  if (here) return null;
  if (fresh.has(channel?.id) && !channel.mention) return el("span", { class: "fresh" }, "new");
  if (!channel?.unread) return null;
  const counts = channel.mention || channel.kind === "im";
  return el("span", { class: counts ? "badge mention-badge" : "badge" }, String(channel.unread));
}

function directWith(userId) {
  return [...world.channels.values()].find((channel) => channel.kind === "im" && channel.with === userId);
}

function person(user) {
  const name = user.id === world.me ? `${nameOf(user.id)} (you)` : nameOf(user.id);
  return place(directWith(user.id), avatar(user.id, "small"), name, () => openDirect(user.id));
}

function peopleList() {
  const others = humans().filter((user) => user.id !== world.me || directWith(user.id));
  return list("Direct messages", others.sort((a, b) => nameOf(a.id).localeCompare(nameOf(b.id))).map(person));
}

function appList() {
  return list("Apps", apps().map(person));
}

function listenForArrows(lists) {
  lists.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    const rows = [...lists.querySelectorAll("a, summary")].filter((node) => node.offsetParent);
    event.preventDefault();
    rows[rows.indexOf(document.activeElement) + step]?.focus();
  });
}

/** The bar under a channel that is only looked at. */
export function joinBar(channel) {
  const join = () => send("join", { channel: channel.id }).catch(complain);
  return el(
    "div",
    { class: "join-bar" },
    el("p", {}, "You are looking at ", el("b", {}, titleOf(channel))),
    el("button", { type: "button", class: "button primary", on: { click: join } }, "Join channel"),
  );
}
