// How people and channels are called and drawn.

import { el, icon } from "./kit/dom.js";
import { world } from "./world.js";

export function nameOf(userId) {
  const user = world.users.get(userId);
  return user?.real_name || user?.name || userId;
}

export function humans() {
  return [...world.users.values()].filter((user) => !user.is_bot);
}

export function apps() {
  return [...world.users.values()].filter((user) => user.is_bot);
}

/** The name people read: `#inc-…` for a channel, the other's name for a direct message. */
export function titleOf(channel) {
  if (channel.kind === "im") return channel.with === world.me ? `${nameOf(channel.with)} (you)` : nameOf(channel.with);
  return `#${channel.name}`;
}

export function channelIcon(channel) {
  if (channel.archived) return icon("archive");
  return icon(channel.kind === "private" ? "lock" : "hash");
}

export function avatar(userId, size = "") {
  const user = world.users.get(userId);
  const face = el(
    "span",
    { class: `avatar ${size}`, "aria-hidden": "true" },
    user?.is_bot ? icon("bell") : initials(nameOf(userId)),
  );
  if (user?.is_bot) face.classList.add("avatar-app");
  else if (/^[0-9a-f]{6}$/i.test(user?.color)) face.style.setProperty("--person", `#${user.color}`);
  return face;
}

function initials(name) {
  const words = name.split(/\s+/).filter(Boolean);
  return [words[0], words.length > 1 ? words.at(-1) : ""]
    .map((word) => [...(word ?? "")][0] ?? "")
    .join("")
    .toUpperCase();
}
