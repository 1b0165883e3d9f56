// What could come next while somebody types: commands, people, channels.

import { humans, apps } from "../people.js";
import { world } from "../world.js";

const MOST_SHOWN = 8;

/**
 * `{from, kind, items: [{name, hint, insert}]}` for the word before the caret; null when there is nothing to
 * complete.
 */
export function completions(text, caret) {
  const before = text.slice(0, caret);
  if (/^\/\S*$/.test(before)) return found("command", 0, commands(before));
  const word = /(?:^|\s)([@#])([\w.-]*)$/.exec(before);
  if (!word) return null;
  const [, sign, typed] = word;
  const from = caret - typed.length - 1;
  return sign === "@"
    ? found("person", from, people(typed.toLowerCase()))
    : found("channel", from, channels(typed.toLowerCase()));
}

function found(kind, from, items) {
  return items.length ? { kind, from, items: items.slice(0, MOST_SHOWN) } : null;
}

function commands(typed) {
  return world.commands
    .filter(({ command }) => command.startsWith(typed))
    .map(({ command, description, usage_hint: usage }) => ({
      name: command,
      hint: description,
      usage,
      insert: `${command} `,
    }));
}

function people(typed) {
  const matches = (user) =>
    user.name.toLowerCase().startsWith(typed) ||
    user.real_name
      ?.toLowerCase()
      .split(/\s+/)
      .some((part) => part.startsWith(typed));
  return [...humans(), ...apps()]
    .filter(matches)
    .map((user) => ({ name: `@${user.name}`, hint: user.real_name, insert: `@${user.name} ` }));
}

function channels(typed) {
  const seen = [...world.channels.values()].filter((channel) => channel.kind !== "im" && !channel.archived);
  return seen
    .filter(({ name }) => name.includes(typed))
    .map((channel) => ({ name: `#${channel.name}`, hint: channel.topic, insert: `#${channel.name} ` }));
}

/** The command a text starts with, once its name is complete. */
export function commandOf(text) {
  const name = /^(\/\S+)(?:\s|$)/.exec(text)?.[1];
  return world.commands.find(({ command }) => command === name);
}
