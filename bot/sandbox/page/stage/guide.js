// A few things to try, for somebody who has never seen this page.

import { el, fill, icon, iconButton } from "../kit/dom.js";
import { on, tell } from "../world.js";

const STEPS = [
  ["/incident declare P1 Payments failing", "Opens a channel, pages who is on call"],
  ["/escalate status", "Who was paged, how, and who is next"],
  ["/incident tell stakeholders", "Preview an update, then send it"],
  ["/health", "Every check, worst first"],
  ["/backup", "Each database's last good backup"],
];

const done = new Set(JSON.parse(sessionStorage.getItem("tried") ?? "[]"));

export function drawGuide(host) {
  const draw = () => {
    host.classList.toggle("dismissed", Boolean(localStorage.getItem("guide dismissed")));
    fill(host, localStorage.getItem("guide dismissed") ? reopener(draw) : panel(draw));
  };
  on("sent", ({ text }) => {
    const tried = STEPS.find(([command]) => text.startsWith(command.split(" P1")[0]));
    if (!tried) return;
    done.add(tried[0]);
    sessionStorage.setItem("tried", JSON.stringify([...done]));
    draw();
  });
  draw();
}

function panel(draw) {
  const dismiss = () => {
    localStorage.setItem("guide dismissed", "yes");
    draw();
    document.getElementById("composer")?.focus();
  };
  const order = [...STEPS].sort((a, b) => done.has(a[0]) - done.has(b[0]));
  return [
    el("h2", {}, "Try this ", el("span", { class: "option-hint" }, "then move the clock")),
    el("ol", { class: "guide-steps" }, order.map(step)),
    iconButton("close", "Dismiss the suggestions", dismiss),
  ];
}

function step([command, effect]) {
  const tried = done.has(command);
  return el(
    "li",
    {},
    el(
      "button",
      { type: "button", class: `guide-step ${tried ? "tried" : ""}`, on: { click: () => tell("fill", command) } },
      el("code", {}, command),
      el(
        "span",
        { class: "option-hint" },
        tried && icon("check"),
        tried && el("span", { class: "only-spoken" }, "Tried. "),
        effect,
      ),
    ),
  );
}

function reopener(draw) {
  const open = () => {
    localStorage.removeItem("guide dismissed");
    draw();
  };
  return el("button", { type: "button", class: "link-button", on: { click: open } }, "Show suggestions");
}
