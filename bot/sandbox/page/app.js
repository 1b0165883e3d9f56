// Starts the page and keeps it in step with the sandbox.
//
//   world, api, live       what is known, how it is asked for, how it changes
//   navigate, people       going places; how people and channels are called
//   blockkit/              messages and forms as the bot wrote them
//   workspace/             what a chat has: sidebar, messages, composer, modals
//   stage/                 what only a sandbox has: clock, events, mailbox, being somebody else
//   kit/                   nodes, lists, menus, dialogs, notes

import { readMessages, readState } from "./api.js";
import { connect } from "./live.js";
import { followLinks, markRead, openChannel, openFirst } from "./navigate.js";
import { titleOf } from "./people.js";
import { drawBar } from "./stage/bar.js";
import { drawGuide } from "./stage/guide.js";
import { drawChannel } from "./workspace/channel.js";
import { prepareModals } from "./workspace/modal.js";
import { prepareSide } from "./workspace/side.js";
import { drawSidebar } from "./workspace/sidebar.js";
import { listenForSwitch } from "./workspace/switcher.js";
import { applyTheme } from "./workspace/theme.js";
import { icon, fill } from "./kit/dom.js";
import { complain, toast } from "./kit/toast.js";
import { applyFrame, keepHistory, on, takeState, tell, world } from "./world.js";

const RETRY_MS = 1500;
const at = (id) => document.getElementById(id);
const offers = new Map(); // channel id -> what removes its offer
let disconnect = () => {};
let connected = true;
let waiting = null; // frames that came while the state was being read; null when none is

/** Makes the page `person`'s (null: whoever comes first) and follows the sandbox as them from here on. */
async function become(person) {
  disconnect();
  try {
    const { me } = await readState(person);
    localStorage.setItem("me", me);
    disconnect = connect(me, { frame: receive, lost: () => setConnected(false), opened: () => catchUp(me) });
  } catch {
    // A person of another sandbox, remembered from last time, or no server yet.
    setConnected(false);
    setTimeout(() => become(null), RETRY_MS);
  }
}

function receive(frame) {
  if (waiting) waiting.push(frame);
  else applyFrame(frame);
}

/** Reads everything anew at each connection: before it, frames may have been missed. */
async function catchUp(person) {
  waiting = [];
  const again = world.me === person;
  try {
    const state = await readState(person);
    const open = again ? [...new Set([world.open, world.side?.channel].filter(Boolean))] : [];
    const histories = await Promise.all(open.map(async (id) => [id, await readMessages(id)]));
    if (!again) world.side = ["mailbox", "happenings"].includes(world.side?.kind) ? world.side : null;
    takeState(state);
    for (const [id, messages] of histories) keepHistory(id, messages);
    setConnected(true);
  } catch (error) {
    complain(error);
  }
  const late = waiting;
  waiting = null;
  late.forEach(applyFrame);
  if (again) markRead();
  else await openFirst();
}

function setConnected(is) {
  connected = is;
  tell("connection");
}

function drawConnection() {
  const strip = at("connection");
  const words = !connected
    ? "Reconnecting to the sandbox…"
    : !world.bot.connected
      ? "The bot is not connected: commands will fail until it is."
      : "";
  strip.hidden = !words;
  fill(strip, words && [icon("warning"), words]);
}

function offerNewChannel(channel) {
  if (channel.id === world.open) return;
  const offer = { label: `Go to ${titleOf(channel)}`, run: () => openChannel(channel.id) };
  offers.set(channel.id, toast("You were brought into a channel.", { offer }));
}

function withdrawOffer() {
  offers.get(world.open)?.();
  offers.delete(world.open);
}

function moveDrawer(open) {
  document.body.classList.toggle("with-drawer", open);
  at("drawer-button").setAttribute("aria-expanded", String(open));
  if (open) at("sidebar").querySelector(".here, .place")?.focus();
}

function listenForDrawer() {
  on("drawer", moveDrawer);
  at("drawer-shade").addEventListener("click", () => moveDrawer(false));
  at("sidebar").addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !document.body.classList.contains("with-drawer")) return;
    moveDrawer(false);
    at("drawer-button").focus();
  });
}

applyTheme();
drawBar({ drawer: at("drawer-button"), clock: at("clock"), tools: at("stage-tools") }, become);
drawSidebar(at("sidebar"));
drawChannel({
  head: at("channel-head"),
  scroller: at("scroller"),
  list: at("messages"),
  latest: at("latest"),
  home: at("home"),
  foot: at("foot"),
  guide: at("guide"),
});
drawGuide(at("guide"));
prepareSide(at("side"));
prepareModals(at("modal"));
listenForSwitch();
listenForDrawer();
followLinks();
on("connection state", drawConnection);
on("joined", offerNewChannel);
on("open", withdrawOffer);
on("homeless", openFirst);
on("notice", ({ text, level }) => toast(text, { level }));
become(localStorage.getItem("me"));
