// Going places: channels, the app's home, single messages, the side panel; each person's place is remembered.

import { keepHistory, messagesOf, tell, world } from "./world.js";
import { readMessages, send } from "./api.js";
import { apps } from "./people.js";
import { addressOf, placeOf } from "./blockkit/mentions.js";
import { complain } from "./kit/toast.js";

const places = JSON.parse(localStorage.getItem("places") ?? "{}");

/** Shows a conversation; `ts` is the message to bring into view. */
export async function openChannel(id, { tab, ts, focus = true } = {}) {
  const channel = world.channels.get(id);
  if (!channel) return;
  const unreadBefore = channel.unread;
  if (world.open !== id)
    world.side = world.side?.kind === "thread" || world.side?.kind === "details" ? null : world.side;
  world.open = id;
  world.tab = tab ?? (isApp(channel) && !ts && !channel.unread ? "home" : "messages");
  places[world.me] = id;
  localStorage.setItem("places", JSON.stringify(places));
  history.replaceState(null, "", addressOf(id));
  tell("side");
  tell("open", { unread: unreadBefore, focus });
  if (world.tab === "home") send("open-home").catch(complain);
  await readHistory(id);
  markRead();
  if (ts) tell("show", { channel: id, ts });
}

/** Reads a channel's messages unless they are known. */
export async function readHistory(id) {
  if (world.messages.has(id)) return;
  world.messages.set(id, new Map());
  try {
    keepHistory(id, await readMessages(id));
  } catch (error) {
    world.messages.delete(id);
    complain(error);
  }
}

export function isApp(channel) {
  return channel.kind === "im" && Boolean(world.users.get(channel.with)?.is_bot);
}

/** Tells the server that the open conversation has been seen, when it is really in front of somebody. */
export function markRead() {
  const channel = world.channels.get(world.open);
  if (!channel || document.hidden || world.tab !== "messages" || !(channel.unread || channel.mention)) return;
  world.channels.set(channel.id, { ...channel, unread: 0, mention: false });
  tell("channels", channel.id);
  send("read", { channel: channel.id }).catch(complain);
}

export async function openDirect(userId, options) {
  const known = [...world.channels.values()].find((channel) => channel.kind === "im" && channel.with === userId);
  if (known) return openChannel(known.id, options);
  try {
    const { channel } = await send("open-dm", { with: userId });
    if (!world.channels.has(channel)) world.channels.set(channel, newDirect(channel, userId));
    tell("channels", channel);
    return await openChannel(channel, options);
  } catch (error) {
    return complain(error);
  }
}

function newDirect(id, userId) {
  return {
    id,
    name: "",
    kind: "im",
    topic: "",
    members: [world.me, userId],
    archived: false,
    member: true,
    unread: 0,
    mention: false,
    with: userId,
  };
}

/** Brings a message into view; a reply in its thread. */
export async function openMessage(channel, ts) {
  await openChannel(channel, { tab: "messages", ts });
  const message = messagesOf(channel).find((one) => one.ts === ts);
  if (message?.thread_ts && message.thread_ts !== ts) openSide({ kind: "thread", channel, ts: message.thread_ts });
}

/** Where the address bar points when the page is new, else where this person was last, else a channel worth seeing. */
export function openFirst() {
  const asked = world.open ? null : placeOf(location.hash);
  if (asked && world.channels.has(asked.channel))
    return asked.ts ? openMessage(asked.channel, asked.ts) : openChannel(asked.channel, { focus: false });
  const mine = [...world.channels.values()].filter(
    (channel) => channel.member && channel.kind !== "im" && !channel.archived,
  );
  const usual = mine.find((channel) => channel.id === places[world.me]) ?? world.channels.get(places[world.me]);
  const first = usual ?? mine.find((channel) => channel.name === "incidents") ?? mine[0];
  return first ? openChannel(first.id, { focus: false }) : openDirect(apps()[0]?.id);
}

export function openSide(side) {
  world.side = side;
  tell("side");
}

export function closeSide() {
  openSide(null);
}

export function toggleSide(kind) {
  if (world.side?.kind === kind) closeSide();
  else openSide({ kind });
}

/** Links between conversations: followed inside the page. */
export function followLinks() {
  addEventListener("hashchange", () => {
    const place = placeOf(location.hash);
    if (!place) return;
    if (!world.channels.has(place.channel)) complain(new Error("You cannot see that conversation."));
    else if (place.ts) openMessage(place.channel, place.ts);
    else if (place.channel !== world.open) openChannel(place.channel);
  });
  document.addEventListener("visibilitychange", markRead);
}
