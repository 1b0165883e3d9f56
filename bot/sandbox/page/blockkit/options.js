// What can be chosen in a select menu: its own options, people, channels.

import { nameOf, titleOf } from "../people.js";
import { world } from "../world.js";
import { plainText } from "./text.js";

/**
 * How each kind keeps its value and knows its options, as `{value, name, hint?, group?, kept}`; `kept` is what the
 * state holds.
 */
export const KINDS = {
  static: { field: "option", options: (element) => staticOptions(element) },
  external: { field: "option", options: () => [] },
  users: {
    field: "user",
    options: () => [...world.users.values()].map((user) => entry(user.id, nameOf(user.id), `@${user.name}`)),
  },
  channels: {
    field: "channel",
    options: () => openChannels("public").map((channel) => entry(channel.id, titleOf(channel))),
  },
  conversations: { field: "conversation", options: conversationOptions },
};

function entry(id, name, hint) {
  return { value: id, name, hint, kept: id };
}

function optionEntry(option, group) {
  return {
    value: option.value,
    name: plainText(option.text),
    hint: plainText(option.description),
    group,
    kept: option,
  };
}

export function staticOptions({ options, option_groups: groups }) {
  if (options) return options.map((option) => optionEntry(option));
  return (groups ?? []).flatMap((group) => group.options.map((option) => optionEntry(option, plainText(group.label))));
}

function openChannels(...kinds) {
  return [...world.channels.values()].filter((channel) => kinds.includes(channel.kind) && !channel.archived);
}

function conversationOptions({ filter }) {
  const kinds = (filter?.include ?? ["public", "private", "im"]).filter((kind) => kind !== "mpim");
  return openChannels(...kinds).map((channel) => entry(channel.id, titleOf(channel)));
}

/** What is shown for a value the state holds. */
export function nameOfKept(kept) {
  if (typeof kept !== "string") return plainText(kept.text);
  const channel = world.channels.get(kept);
  return channel ? titleOf(channel) : nameOf(kept);
}
