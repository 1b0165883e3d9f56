// What somebody has sent and the server has not confirmed yet; or has refused, with the reason.

import { send } from "../api.js";
import { messagesOf, on, tell, world } from "../world.js";

let pending = []; // {id, as, place, text, known, error, again, edit}
let lastId = 0;

/** What is on its way to a conversation, or to a thread of it. */
export function pendingAt({ channel, thread_ts: thread }) {
  return pending.filter(({ as, place }) => as === world.me && place.channel === channel && place.thread_ts === thread);
}

/** Sends a text and shows it as on its way meanwhile; when it is refused, `edit(text)` can take it back. */
export async function deliver(place, text, edit) {
  lastId += 1;
  const sent = { id: lastId, as: world.me, place, text, known: new Set(mine(place)), error: null };
  sent.again = () => (remove(sent), deliver(place, text, edit));
  sent.edit = () => (remove(sent), edit(text));
  pending.push(sent);
  tell("sent", { text, place });
  tell("messages", place.channel);
  try {
    if (text.startsWith("/") && place.thread_ts)
      throw new Error(`${text.split(/\s/)[0]} cannot be used in a thread. Type it in the conversation itself.`);
    await send("say", { ...place, text });
    remove(sent);
  } catch (error) {
    sent.error = error.message;
    tell("messages", place.channel);
  }
}

function remove(sent) {
  if (!pending.includes(sent)) return;
  pending = pending.filter((one) => one !== sent);
  tell("messages", sent.place.channel);
}

function mine({ channel, thread_ts: thread }) {
  const own = messagesOf(channel).filter((message) => message.user === world.me && !message.ephemeral);
  return own.filter((message) => (message.thread_ts ?? undefined) === thread).map((message) => message.ts);
}

// The message itself may come before the server's answer: then it stands there twice no longer than this takes.
on("messages", (channel) => {
  for (const sent of pending.filter(({ as, place, error }) => as === world.me && place.channel === channel && !error)) {
    const arrived = sent.text.startsWith("/") ? undefined : mine(sent.place).find((ts) => !sent.known.has(ts));
    if (!arrived) continue;
    pending = pending.filter((one) => one !== sent);
    for (const other of pending) other.known.add(arrived);
  }
});
