// What a text can point at: people, groups, channels, moments, addresses.

import { el } from "../kit/dom.js";
import { nameOf } from "../people.js";
import { world } from "../world.js";
import { slackDate, wholeMoment } from "./dates.js";

const SAFE_ADDRESS = /^(?:https?:\/\/|mailto:|tel:)/i;
const INSIDE = /\/archives\/([A-Z0-9]+)(?:\/p(\d{10})(\d{6}))?/;

export function userMention(id, label) {
  const known = world.users.has(id);
  const mine = id === world.me;
  return el("span", { class: mine ? "mention mine" : "mention" }, `@${known ? nameOf(id) : (label ?? id)}`);
}

export function groupMention(text) {
  return el("span", { class: "mention mine" }, text);
}

export function channelMention(id, label) {
  const channel = world.channels.get(id);
  if (!channel && !label) return el("span", { class: "mention" }, "private channel");
  return el("a", { class: "mention", href: addressOf(id) }, `#${channel?.name ?? label}`);
}

/** The address of a channel or of one of its messages inside this page. */
export function addressOf(channel, ts) {
  return `#/archives/${channel}${ts ? `/p${ts.replace(".", "")}` : ""}`;
}

/** Reads such an address, also out of a whole link; null when it is none. */
export function placeOf(address) {
  const [, channel, seconds, rest] = INSIDE.exec(address) ?? [];
  return channel ? { channel, ts: seconds ? `${seconds}.${rest}` : null } : null;
}

/** A link, or only its words where the address is of a kind that could run something. */
export function link(address, label) {
  const words = label || address.replace(/^mailto:/, "");
  if (!SAFE_ADDRESS.test(address))
    return SAFE_ADDRESS.test(words)
      ? words
      : el("span", { title: "Not a web address" }, label ? `${label} (${address})` : `<${address}>`);
  const place = placeOf(address);
  if (place && world.channels.has(place.channel)) return el("a", { href: addressOf(place.channel, place.ts) }, words);
  return el("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, words);
}

export function dateWord(seconds, format, fallback, address) {
  const text = slackDate(seconds, format) ?? fallback;
  const title = Number.isFinite(seconds) ? wholeMoment(new Date(seconds * 1000)) : null;
  return el("time", { title }, address ? link(address, text) : text);
}
