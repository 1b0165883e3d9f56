// Slack's mrkdwn as nodes: everything it does not know stays text.

import { el } from "../kit/dom.js";
import { world } from "../world.js";
import { emoji } from "./emoji.js";
import { channelMention, dateWord, groupMention, link, userMention } from "./mentions.js";

const WORD = /[\p{L}\p{N}]/u;
const STYLES = { "*": "strong", _: "em", "~": "s" };
const QUOTE = /^(?:&gt;|>)(?!&gt;|>) ?/;
const LONG_QUOTE = /^(?:&gt;|>){3}\s?/;
const BARE_URL = /^https?:\/\/[^\s<>|`]+/;
const NAMED = /^([@#])([\w.-]+)/;

/**
 * `names`: also bring plain @here and #channel to life, as Slack does in text objects that are not `verbatim`.
 * `urls`: also bring plain addresses to life.
 */
export function mrkdwn(text, { names = false, urls = true } = {}) {
  const nodes = document.createDocumentFragment();
  // Odd pieces stand between ``` fences.
  text.split(/```/).forEach((piece, index, pieces) => {
    const closed = index < pieces.length - 1;
    if (index % 2 && closed) nodes.append(codeBlock(piece));
    else
      nodes.append(...paragraphs(index % 2 ? "```" + piece : trimFence(piece, index, pieces.length), { names, urls }));
  });
  return nodes;
}

export function unescape(text) {
  return text.replace(/&(lt|gt|amp);/g, (entity, name) => ({ lt: "<", gt: ">", amp: "&" })[name]);
}

function codeBlock(text) {
  return el("pre", {}, el("code", {}, plainControls(text.replace(/^\n|\n$/g, ""))));
}

// A code block is a box of its own: the line break beside its fence would only add an empty line.
function trimFence(text, index, count) {
  const start = index > 0 ? text.replace(/^ *\n/, "") : text;
  return index < count - 1 ? start.replace(/\n$/, "") : start;
}

/** Lines as nodes: quotes become boxes, the rest keeps its line breaks (the stylesheet shows them). */
function paragraphs(text, options) {
  const nodes = [];
  let quote = null;
  let afterText = false;
  const lines = text.split("\n");
  for (let at = 0; at < lines.length; at += 1) {
    if (LONG_QUOTE.test(lines[at])) {
      const rest = [lines[at].replace(LONG_QUOTE, ""), ...lines.slice(at + 1)];
      return [
        ...nodes,
        el(
          "blockquote",
          {},
          rest.flatMap((line, row) => [row > 0 && "\n", ...inline(line, options)]),
        ),
      ];
    }
    if (QUOTE.test(lines[at])) {
      if (quote) quote.append("\n");
      else nodes.push((quote = el("blockquote")));
      quote.append(...inline(lines[at].replace(QUOTE, ""), options));
      afterText = false;
      continue;
    }
    if (afterText) nodes.push("\n");
    nodes.push(...inline(lines[at], options));
    quote = null;
    afterText = true;
  }
  return nodes;
}

/** One line: the first reader that understands what stands at a place takes it, else it is a letter. */
function inline(text, options) {
  const nodes = [];
  let letters = "";
  const flush = () => {
    if (letters) nodes.push(unescape(letters));
    letters = "";
  };
  for (let at = 0; at < text.length;) {
    const found =
      controlAt(text, at) ??
      codeAt(text, at) ??
      styledAt(text, at, options) ??
      emojiAt(text, at) ??
      livelyAt(text, at, options);
    if (!found) {
      letters += text[at];
      at += 1;
      continue;
    }
    flush();
    nodes.push(found.node);
    at += found.length;
  }
  flush();
  return nodes;
}

function controlAt(text, at) {
  if (text[at] !== "<") return null;
  const end = text.indexOf(">", at);
  if (end < at + 2) return null;
  const node = control(text.slice(at + 1, end));
  return node && { node, length: end + 1 - at };
}

function control(inner) {
  const [target, label] = splitOnce(inner, "|");
  if (target.startsWith("@")) return userMention(target.slice(1), label && unescape(label));
  if (target.startsWith("#")) return channelMention(target.slice(1), label && unescape(label));
  if (target.startsWith("!date^")) return date(inner);
  if (target.startsWith("!subteam^")) return groupMention(unescape(label ?? "@group"));
  if (/^!(here|channel|everyone)$/.test(target)) return groupMention(`@${target.slice(1)}`);
  return link(unescape(target), label === undefined ? undefined : unescape(label));
}

function date(inner) {
  const [whole, fallback = ""] = splitOnce(inner, "|");
  const [, seconds, format = "", address] = whole.split("^");
  return dateWord(Number(seconds), unescape(format), unescape(fallback), address && unescape(address));
}

function splitOnce(text, separator) {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

function codeAt(text, at) {
  if (text[at] !== "`") return null;
  const end = text.indexOf("`", at + 1);
  if (end < at + 2) return null;
  return { node: el("code", {}, plainControls(text.slice(at + 1, end))), length: end + 1 - at };
}

// In code a link is shown as its address and a mention as its name, without being one.
function plainControls(text) {
  return unescape(text.replace(/<([^<>\n]+)>/g, (typed, inner) => control(inner)?.textContent ?? typed));
}

function styledAt(text, at, options) {
  const tag = STYLES[text[at]];
  if (!tag || WORD.test(text[at - 1] ?? "") || text[at - 1] === text[at]) return null;
  const end = closing(text, at);
  return end && { node: el(tag, {}, inline(text.slice(at + 1, end), options)), length: end + 1 - at };
}

/** Where the style opened at `at` ends, or null: not beside a space, not inside a word, not inside code or a link. */
function closing(text, at) {
  const mark = text[at];
  if (/\s/.test(text[at + 1] ?? " ") || text[at + 1] === mark) return null;
  for (let end = at + 1; end < text.length; end += 1) {
    if (text[end] === "<" || text[end] === "`") {
      const over = text.indexOf(text[end] === "<" ? ">" : "`", end + 1);
      if (over > 0) end = over;
      continue;
    }
    if (text[end] === mark && end > at + 1 && !/\s/.test(text[end - 1]) && !WORD.test(text[end + 1] ?? "")) return end;
  }
  return null;
}

function emojiAt(text, at) {
  if (text[at] !== ":") return null;
  const [typed, name] = /^:([a-z0-9_+'-]+):/.exec(text.slice(at, at + 60)) ?? [];
  const sign = typed && emoji(name);
  return sign
    ? {
        node: el("span", { role: "img", "aria-label": name.replaceAll("_", " "), title: typed }, sign),
        length: typed.length,
      }
    : null;
}

function livelyAt(text, at, { names, urls }) {
  if (WORD.test(text[at - 1] ?? "")) return null;
  if (urls && text[at] === "h") return bareUrl(text.slice(at));
  return names && "@#".includes(text[at]) ? bareName(text.slice(at)) : null;
}

function bareUrl(rest) {
  const typed = BARE_URL.exec(rest)?.[0].replace(/(?:[.,;:!?'")\]*_~]|&gt;|&lt;)+$/, "");
  return typed ? { node: link(unescape(typed)), length: typed.length } : null;
}

function bareName(rest) {
  const [typed, sign, name] = NAMED.exec(rest) ?? [];
  if (sign === "@" && /^(here|channel|everyone)$/.test(name))
    return { node: groupMention(typed), length: typed.length };
  const channel = sign === "#" && [...world.channels.values()].find((one) => one.name === name);
  return channel ? { node: channelMention(channel.id), length: typed.length } : null;
}

/** Plain text with its addresses made clickable: for what is not mrkdwn, such as a text message. */
export function linked(text) {
  const nodes = [];
  let rest = 0;
  for (const match of text.matchAll(/https?:\/\/[^\s<>"]+[^\s<>".,;:!?')\]]/g)) {
    nodes.push(text.slice(rest, match.index), link(match[0]));
    rest = match.index + match[0].length;
  }
  return [...nodes, text.slice(rest)];
}
