// Text objects: plain_text with its emoji, mrkdwn with everything else.

import { withEmoji } from "./emoji.js";
import { mrkdwn } from "./mrkdwn.js";

/** A node for a text object; nothing for an absent one. */
export function textNode(object) {
  if (!object) return "";
  if (object.type === "mrkdwn") return mrkdwn(object.text, { names: !object.verbatim, urls: !object.verbatim });
  return plainText(object);
}

/** The words alone, for labels and names. */
export function plainText(object) {
  if (!object) return "";
  if (object.type === "mrkdwn") return mrkdwn(object.text).textContent;
  return object.emoji === false ? object.text : withEmoji(object.text);
}
