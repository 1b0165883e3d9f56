// rich_text blocks: styled leaves in sections, lists, quotes and preformatted boxes; leaves are never parsed.

import { el } from "../kit/dom.js";
import { emoji } from "./emoji.js";
import { channelMention, dateWord, groupMention, link, userMention } from "./mentions.js";

const LIST_STYLES = ["decimal", "lower-alpha", "lower-roman"];
const BULLETS = ["disc", "circle", "square"];

const parts = {
  rich_text_section: (part) => el("div", { class: "rich-section" }, leaves(part.elements)),
  rich_text_quote: (part) => el("blockquote", {}, leaves(part.elements)),
  rich_text_preformatted: (part) => el("pre", {}, el("code", {}, leaves(part.elements))),
  rich_text_list: list,
};

const words = {
  text: (leaf) => leaf.text,
  link: (leaf) => link(leaf.url, leaf.text),
  user: (leaf) => userMention(leaf.user_id),
  usergroup: () => groupMention("@group"),
  channel: (leaf) => channelMention(leaf.channel_id),
  broadcast: (leaf) => groupMention(`@${leaf.range}`),
  emoji: (leaf) => emoji(leaf.name) ?? fromCodePoints(leaf.unicode) ?? `:${leaf.name}:`,
  date: (leaf) => dateWord(leaf.timestamp, leaf.format, leaf.fallback ?? "", leaf.url),
  color: (leaf) => leaf.value,
};

export function richText(block) {
  return el(
    "div",
    { class: "rich-text" },
    (block.elements ?? []).map((part) => parts[part.type]?.(part)),
  );
}

function list(part) {
  const indent = part.indent ?? 0;
  const ordered = part.style === "ordered";
  const look = (ordered ? LIST_STYLES : BULLETS)[indent % 3];
  return el(
    ordered ? "ol" : "ul",
    {
      start: ordered && part.offset ? part.offset + 1 : null,
      style: { "--indent": String(indent), "list-style-type": look },
    },
    part.elements.map((item) => el("li", {}, leaves(item.elements))),
  );
}

function leaves(elements = []) {
  return elements.map((leaf) => styled(words[leaf.type]?.(leaf) ?? "", leaf.style ?? {}));
}

function styled(node, { bold, italic, strike, code, underline }) {
  let result = node;
  for (const [tag, wanted] of [
    ["code", code],
    ["s", strike],
    ["u", underline],
    ["em", italic],
    ["strong", bold],
  ])
    if (wanted) result = el(tag, {}, result);
  return result;
}

function fromCodePoints(unicode) {
  return unicode && String.fromCodePoint(...unicode.split("-").map((part) => parseInt(part, 16)));
}
