// A list of messages: redraws only what changed, keeps its place unless it is at the foot.

import { dateOfTs, dayKey, dayName } from "../blockkit/dates.js";
import { el, keepingFocus } from "../kit/dom.js";
import { messageKey, world } from "../world.js";
import { deedBar } from "./deeds.js";
import { drawMessage, drawPending, repliesTo } from "./message.js";

const GROUPED_WITHIN_S = 300;
const AT_FOOT_PX = 60;

export class Pane {
  /** `scroller` scrolls, `list` holds the rows; `messages()` gives what is to be seen, oldest first. */
  constructor({ scroller, list, messages, pending, inThread = false, intro, latest }) {
    Object.assign(this, { scroller, list, messages, pending, inThread, intro, latest });
    this.rows = new Map();
    this.newFrom = null;
    list.addEventListener("pointerover", (event) => this.offerDeeds(event.target.closest(".message")));
    list.addEventListener("focusin", (event) => this.offerDeeds(event.target.closest(".message")));
    list.addEventListener("pointerleave", () => list.contains(document.activeElement) || this.offerDeeds(null));
    list.addEventListener("keydown", (event) => this.onKey(event));
    scroller.addEventListener("scroll", () => this.noticePlace());
    new ResizeObserver(() => this.stuck && this.toFoot()).observe(list);
    this.stuck = true;
  }

  /** Shows another conversation: from its foot, with nothing of the old one. */
  start(newFrom = null) {
    this.rows.clear();
    this.list.replaceChildren();
    this.newFrom = newFrom;
    this.stuck = true;
    this.update();
  }

  /** Forgets how everything was drawn, for when names have changed. */
  redraw() {
    this.rows.clear();
    this.update();
  }

  update() {
    keepingFocus(this.list, () => this.arrange(this.wanted()));
    if (this.stuck) this.toFoot();
    else this.latest?.classList.add("unseen");
    this.offerTabStop();
  }

  wanted() {
    const rows = this.intro ? [{ key: "intro", mark: this.intro.mark(), draw: this.intro.draw }] : [];
    let before = null;
    for (const message of this.messages()) {
      const day = dateOfTs(message.ts);
      if (!before || dayKey(dateOfTs(before.ts)) !== dayKey(day))
        (rows.push(divider(`day ${dayKey(day)}`, dayName(day), "day")), (before = null));
      if (message.ts === this.newFrom) (rows.push(divider("new", "New", "new")), (before = null));
      const grouped = belongsTo(before, message);
      rows.push({
        key: messageKey(message),
        mark: [message, grouped, repliesTo(message).length],
        draw: () => drawMessage(message, { grouped, inThread: this.inThread }),
      });
      before = message;
    }
    for (const sent of this.pending())
      rows.push({ key: `pending ${sent.id}`, mark: [sent.error], draw: () => drawPending(sent) });
    return rows;
  }

  arrange(wanted) {
    const drawn = new Map();
    let place = this.list.firstChild;
    for (const { key, mark, draw } of wanted) {
      const known = this.rows.get(key);
      const node = known && same(known.mark, mark) ? known.node : draw();
      if (known && known.node !== node && known.node === place) place = place.nextSibling;
      if (node !== place) this.list.insertBefore(node, place);
      else place = place.nextSibling;
      drawn.set(key, { node, mark });
    }
    const kept = new Set([...drawn.values()].map(({ node }) => node));
    for (const node of [...this.list.children]) if (!kept.has(node)) node.remove();
    this.rows = drawn;
  }

  toFoot() {
    this.scroller.scrollTop = this.scroller.scrollHeight;
    this.latest?.classList.remove("unseen");
  }

  noticePlace() {
    const { scrollTop, clientHeight, scrollHeight } = this.scroller;
    this.stuck = scrollHeight - scrollTop - clientHeight < AT_FOOT_PX;
    if (this.latest) this.latest.hidden = this.stuck;
    if (this.stuck) this.latest?.classList.remove("unseen");
  }

  /** Brings one message into view and lights it up for a moment. */
  show(ts) {
    const node = this.list.querySelector(`[data-ts="${CSS.escape(ts)}"]`);
    if (!node) return;
    this.stuck = false;
    node.scrollIntoView({ block: "center" });
    node.focus({ preventScroll: true });
    node.classList.add("shown");
    node.addEventListener("animationend", () => node.classList.remove("shown"), { once: true });
  }

  // One bar for the whole list, on the message in question: a hundred of them would be a hundred stops for the Tab key.
  offerDeeds(node) {
    if (node && node === this.bar?.parentElement) return;
    if (this.bar?.contains(document.activeElement)) return;
    this.bar?.remove();
    const message = node?.dataset.ts && this.messages().find((one) => one.ts === node.dataset.ts);
    this.bar = message && !message.subtype?.startsWith("channel_") ? deedBar(message) : null;
    if (this.bar) node.append(this.bar);
  }

  offerTabStop() {
    const all = this.list.querySelectorAll(".message");
    if (!all.length || [...all].some((node) => node.tabIndex === 0)) return;
    all[all.length - 1].tabIndex = 0;
  }

  onKey(event) {
    if (!event.target.classList.contains("message")) return;
    const all = [...this.list.querySelectorAll(".message")];
    const at = all.indexOf(event.target);
    const next = { ArrowUp: all[at - 1], ArrowDown: all[at + 1], Home: all[0], End: all.at(-1) }[event.key];
    if (!next) return;
    event.preventDefault();
    for (const node of all) node.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
    next.scrollIntoView({ block: "nearest" });
  }
}

function divider(key, words, kind) {
  return {
    key,
    mark: [words],
    draw: () => el("div", { class: `divider ${kind}`, role: "separator", "aria-label": words }, el("span", {}, words)),
  };
}

// A card of the bot's is a thing of its own, however soon it follows another.
function belongsTo(before, message) {
  const standsAlone = [before, message].some(
    (one) => !one || one.subtype || one.ephemeral || one.pinned || one.blocks?.length,
  );
  if (standsAlone) return false;
  return before.user === message.user && Number(message.ts) - Number(before.ts) < GROUPED_WITHIN_S;
}

function same(one, other) {
  return one.length === other.length && one.every((part, index) => part === other[index]);
}

/** The ts from which on messages are new, or null: the last `count` that others wrote. */
export function firstNew(messages, count) {
  const others = messages.filter((message) => message.user !== world.me);
  return count > 0 && others.length >= count ? others.at(-count).ts : null;
}
