// What the page knows of the simulated workspace, and who wants to hear when it changes.

export const world = {
  me: null,
  team: { id: "", name: "", domain: "" },
  users: new Map(),
  channels: new Map(),
  commands: [],
  messageShortcuts: [],
  clock: null,
  mailbox: [],
  happenings: [],
  links: [], // {label, address, description}: pages beside this one
  suggestions: [], // {command, effect}: what to try first
  replaced: [], // {what, was, now}: addresses of the runbook that lead elsewhere here
  home: null,
  modals: [],
  bot: { connected: true },
  messages: new Map(), // channel id -> Map of ts (and a mark for ephemerals) -> message; absent until read
  open: null, // the channel in the middle
  tab: "messages", // or "home", for the app's own channel
  side: null, // {kind: "thread" | "details" | "mailbox" | "happenings", channel?, ts?}
};

const listeners = new Map();

/** Calls `listener` after each change of `topic`: see the calls of `tell` for the topics. */
export function on(topics, listener) {
  for (const topic of topics.split(" ")) listeners.set(topic, [...(listeners.get(topic) ?? []), listener]);
}

export function tell(topic, detail) {
  for (const listener of listeners.get(topic) ?? []) listener(detail);
}

/** Takes the server's state as the truth; messages are forgotten, because some may have been missed. */
export function takeState(state) {
  world.me = state.me;
  world.team = state.team;
  world.users = byId(state.users);
  world.channels = byId(state.channels);
  world.commands = state.commands;
  world.messageShortcuts = state.message_shortcuts;
  for (const name of ["clock", "mailbox", "happenings", "links", "suggestions", "replaced", "home", "modals", "bot"]) world[name] = state[name];
  world.clockReadAt = performance.now();
  world.messages = new Map();
  tell("state");
}

function byId(things) {
  return new Map(things.map((thing) => [thing.id, thing]));
}

const frames = {
  message: ({ message }) => keepMessage(message),
  message_changed: ({ message }) => keepMessage(message),
  message_deleted({ channel, ts }) {
    const kept = world.messages.get(channel);
    for (const [key, message] of kept ?? []) if (message.ts === ts) kept.delete(key);
    tell("messages", channel);
  },
  channel({ channel }) {
    if (channel.kind === "private" && !channel.member) return leave(channel);
    const before = world.channels.get(channel.id);
    world.channels.set(channel.id, channel);
    if (channel.member && !before?.member && channel.kind !== "im") tell("joined", channel);
    tell("channels", channel.id);
  },
  users({ users }) {
    world.users = byId(users);
    tell("users");
  },
  modals({ modals }) {
    world.modals = modals;
    tell("modals");
  },
  home({ home }) {
    world.home = home;
    tell("home");
  },
  mail({ mail }) {
    if (world.mailbox.some((known) => known.id === mail.id)) return;
    world.mailbox = [...world.mailbox, mail];
    tell("mail", mail);
  },
  clock({ clock }) {
    world.clock = clock;
    world.clockReadAt = performance.now();
    tell("clock");
  },
  happenings({ happenings }) {
    world.happenings = happenings;
    tell("happenings");
  },
  bot({ bot }) {
    world.bot = bot;
    tell("connection");
  },
  notice: (frame) => tell("notice", frame),
};

// A private channel is out of sight for who is no longer in it.
function leave(channel) {
  world.channels.delete(channel.id);
  tell("channels", channel.id);
  if (world.open === channel.id) tell("homeless");
}

/** Applies one frame of the live connection; a type this page does not know is left alone. */
export function applyFrame(frame) {
  frames[frame.type]?.(frame);
}

function keepMessage(message) {
  world.messages.get(message.channel)?.set(messageKey(message), message);
  tell("messages", message.channel);
}

export function messageKey(message) {
  return message.ephemeral ? `${message.ts}e` : message.ts;
}

/** Keeps what was read of a channel's history; a message that came live meanwhile is newer and stays. */
export function keepHistory(channel, messages) {
  const live = world.messages.get(channel) ?? new Map();
  for (const message of messages) if (!live.has(messageKey(message))) live.set(messageKey(message), message);
  world.messages.set(channel, live);
  tell("messages", channel);
}

/** Oldest first; empty while the history has not been read. */
export function messagesOf(channel) {
  return [...(world.messages.get(channel)?.values() ?? [])].sort((a, b) => Number(a.ts) - Number(b.ts));
}

export function now() {
  if (!world.clock) return new Date();
  const elapsed = world.clock.running ? performance.now() - world.clockReadAt : 0;
  return new Date(Date.parse(world.clock.now) + elapsed);
}
