// A few things to try, for somebody who has never seen this page.

import { el, fill, icon, iconButton } from "../kit/dom.js";
import { on, tell, world } from "../world.js";

const done = new Set(JSON.parse(sessionStorage.getItem("tried") ?? "[]"));

export function drawGuide(host) {
  const draw = () => {
    host.classList.toggle("dismissed", Boolean(localStorage.getItem("guide dismissed")));
    fill(host, localStorage.getItem("guide dismissed") ? reopener(draw) : panel(draw));
  };
  on("sent", ({ text }) => {
    const tried = world.suggestions.find(({ command }) => text.startsWith(beginning(command)));
    if (!tried) return;
    done.add(tried.command);
    sessionStorage.setItem("tried", JSON.stringify([...done]));
    draw();
  });
  on("state", draw);
  draw();
}

/** Of words of their own, the command alone. */
function beginning(command) {
  return command.includes(" declare ") ? command.split(" ", 2).join(" ") : command;
}

function panel(draw) {
  const dismiss = () => {
    localStorage.setItem("guide dismissed", "yes");
    draw();
    document.getElementById("composer")?.focus();
  };
  const order = [...world.suggestions].sort((a, b) => done.has(a.command) - done.has(b.command));
  return [
    el("h2", {}, "Try this ", el("span", { class: "option-hint" }, "then move the clock")),
    el("ol", { class: "guide-steps" }, order.map(step)),
    iconButton("close", "Dismiss the suggestions", dismiss),
  ];
}

function step({ command, effect }) {
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
