// A few things to try, for somebody who has never seen this page.

import { el, fill, icon, iconButton } from "../kit/dom.js";
import { on, tell } from "../world.js";

const STEPS = [
  ["/incident declare P1 Payments failing", "Opens a channel and pages the engineer on call"],
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
  on("sent", (text) => {
    const step = STEPS.find(([command]) => text.startsWith(command) || (command.includes("declare") && text.startsWith("/incident declare")));
    if (!step) return;
    done.add(step[0]);
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
  return [
    el("header", { class: "guide-head" }, el("h2", {}, "Try this"), el("p", {}, "Choose one, press Enter, then move the clock."), iconButton("close", "Dismiss the suggestions", dismiss)),
    el("ol", { class: "guide-steps" }, STEPS.map(step)),
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
      el("span", { class: "option-hint" }, tried && icon("check"), tried && el("span", { class: "only-spoken" }, "Tried. "), effect),
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
