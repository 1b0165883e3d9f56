// Everything the bot sent outside the workspace: emails, texts, calls, webhooks.

import { send } from "../api.js";
import { clockTime, dayName } from "../blockkit/dates.js";
import { linked } from "../blockkit/mrkdwn.js";
import { el, fill, icon } from "../kit/dom.js";
import { complain, toast } from "../kit/toast.js";
import { tell, world } from "../world.js";

const KINDS = {
  email: ["mail", "Email"],
  sms: ["text", "Text"],
  voice: ["call", "Call"],
  webhook: ["hook", "Webhook"],
};
// The frame that shows a mail runs no script, and loads nothing from anywhere.
export const FRAME_RULES = `<!doctype html><meta charset=utf-8><base target=_blank>
<meta http-equiv=Content-Security-Policy content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<style>body { margin: 14px; font: 15px/1.5 system-ui, sans-serif; overflow-wrap: anywhere }</style>`;

const opened = new Set();
let shown = [];
let filter = "all";

/** How many nobody has looked at since the panel was last open. */
export function newMails() {
  const seen = Number(sessionStorage.getItem("mails seen") ?? 0);
  return world.mailbox.filter((mail) => mail.id > seen).length;
}

function markSeen() {
  const last = Math.max(0, ...world.mailbox.map((mail) => mail.id));
  sessionStorage.setItem("mails seen", String(last));
  tell("seen");
}

export function drawMailbox(body, side, isNew) {
  const newest = [...world.mailbox]
    .filter((mail) => filter === "all" || mail.kind === filter)
    .sort((a, b) => b.id - a.id);
  if (isNew || !body.querySelector(".mails") || shown.filter !== filter) {
    const list = el("ul", { class: "mails" });
    fill(body, filters(body, side), el("div", { class: "side-scroll" }, newest.length ? null : nothing(), list));
    fill(list, newest.map(row));
  } else {
    // Only the new ones are added: an open mail keeps its place and its frame.
    body.querySelector(".nothing")?.remove();
    body.querySelector(".mails").prepend(...newest.filter((mail) => !shown.ids.has(mail.id)).map(row));
  }
  shown = { ids: new Set(newest.map((mail) => mail.id)), filter };
  markSeen();
}

function nothing() {
  return el(
    "p",
    { class: "quiet nothing" },
    "Nothing yet. Pages by email, text and telephone, and updates for stakeholders, arrive here.",
  );
}

function filters(body, side) {
  const choice = (value, label) => {
    const chosen = () => {
      filter = value;
      drawMailbox(body, side, true);
      body.querySelector('.filters [aria-pressed="true"]').focus();
    };
    return el(
      "button",
      { type: "button", class: "filter", "aria-pressed": String(filter === value), on: { click: chosen } },
      label,
    );
  };
  return el(
    "div",
    { class: "filters", role: "group", "aria-label": "Show" },
    choice("all", "All"),
    choice("email", "Emails"),
    choice("sms", "Texts"),
    choice("voice", "Calls"),
    choice("webhook", "Webhooks"),
  );
}

function row(mail) {
  const [drawing, kind] = KINDS[mail.kind] ?? KINDS.webhook;
  const date = new Date(mail.at);
  const details = el(
    "details",
    { class: "mail", open: opened.has(mail.id) },
    el(
      "summary",
      {},
      icon(drawing),
      el(
        "span",
        { class: "mail-words" },
        el(
          "span",
          { class: "mail-line" },
          el("span", { class: "mail-to" }, `${kind} to ${mail.to}`),
          el("time", { title: dayName(date) }, clockTime(date)),
        ),
        el("b", {}, mail.subject || firstLine(mail.text)),
      ),
    ),
  );
  const show = () => {
    if (details.open) opened.add(mail.id);
    else opened.delete(mail.id);
    if (details.open && details.children.length === 1) details.append(mailContent(mail));
  };
  details.addEventListener("toggle", show);
  if (details.open) show();
  return el("li", {}, details);
}

function firstLine(text) {
  return (text ?? "").trim().split("\n")[0];
}

function mailContent(mail) {
  if (mail.html)
    return el("iframe", {
      class: "mail-frame",
      title: `The email “${mail.subject}”`,
      sandbox: "allow-popups allow-popups-to-escape-sandbox",
      srcdoc: FRAME_RULES + mail.html,
    });
  const readable = mail.kind === "webhook" ? prettyJson(mail.text) : mail.text;
  return el(
    "div",
    { class: `mail-text ${mail.kind === "webhook" ? "code" : ""}` },
    linked(readable),
    mail.answers.length ? answers(mail) : null,
  );
}

// Whoever got it answers from their telephone, whoever looks at this page.
function answers(mail) {
  const button = (answer) => {
    const answered = () =>
      send("answer", { mail: mail.id, answer })
        .then(({ said }) => toast(said || "It was sent; there is no answer."))
        .catch(complain);
    return el("button", { type: "button", class: "button small", on: { click: answered } }, answer);
  };
  return el("div", { class: "mail-answers", role: "group", "aria-label": "Answer" }, mail.answers.map(button));
}

function prettyJson(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
