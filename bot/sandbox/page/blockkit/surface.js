// A place that shows blocks and tells the bot what people do there: a message, a modal, the app's home.

import { send } from "../api.js";
import { confirmed } from "../kit/dialog.js";
import { complain } from "../kit/toast.js";
import { drawBlocks } from "./blocks.js";
import { formOf, valuesOf } from "./form.js";
import { plainText, textNode } from "./text.js";

/** The blocks of a message; what people choose in them is kept under the message. */
export function messageBlocks(message) {
  const where = { channel: message.channel, message_ts: message.ts, ephemeral: Boolean(message.ephemeral) };
  return drawSurface(message.blocks, where, formOf(`${message.channel} ${message.ts}`));
}

export function viewBlocks(view) {
  return drawSurface(view.blocks, { view_id: view.id }, formOf(view.id));
}

function drawSurface(blocks, where, form) {
  const act = (block) => async (element, value) => {
    if (element.confirm && !(await confirmed(question(element.confirm)))) return;
    const action = { type: element.type, block_id: block.block_id, action_id: element.action_id, ...value };
    try {
      await send("press", { ...where, action, state: { values: valuesOf(blocks, form) } });
    } catch (error) {
      complain(error);
    }
  };
  return drawBlocks(blocks, { form, act, where });
}

function question({ title, text, confirm, deny, style }) {
  return {
    title: plainText(title),
    text: textNode(text),
    confirm: plainText(confirm),
    deny: plainText(deny),
    danger: style === "danger",
  };
}
