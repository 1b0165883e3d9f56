// The questions and deeds the page sends to the sandbox's server.

import { world } from "./world.js";

export class Refusal extends Error {}

const UNREACHABLE = "The sandbox did not answer. Is it still running?";

async function answer(request) {
  let response;
  try {
    response = await request;
  } catch {
    throw new Refusal(UNREACHABLE);
  }
  const body = await response
    .json()
    .catch(() => ({ ok: false, error: `The sandbox answered with status ${response.status}.` }));
  if (!response.ok || body.ok === false)
    throw new Refusal(body.error ?? `The sandbox answered with status ${response.status}.`);
  return body;
}

export function readState(person) {
  return answer(fetch(`/sandbox/state${person ? `?as=${encodeURIComponent(person)}` : ""}`));
}

export async function readMessages(channel) {
  const query = new URLSearchParams({ as: world.me, channel });
  return (await answer(fetch(`/sandbox/messages?${query}`))).messages;
}

/** Does `deed` as the person the page is now; throws a Refusal whose message can be shown as it is. */
export function send(deed, body = {}) {
  return answer(
    fetch(`/sandbox/${deed}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ as: world.me, ...body }),
    }),
  );
}
