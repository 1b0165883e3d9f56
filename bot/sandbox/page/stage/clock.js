// The simulated clock: what time it is, what comes next, and the buttons that move it on.

import { send } from "../api.js";
import { away, clockSeconds, clockTime, shortDay, wholeMoment } from "../blockkit/dates.js";
import { el, fill } from "../kit/dom.js";
import { complain } from "../kit/toast.js";
import { now, on, world } from "../world.js";

const STEPS = [
  ["+1 min", "Move the clock one minute on", { advance_seconds: 60 }],
  ["+15 min", "Move the clock fifteen minutes on", { advance_seconds: 900 }],
];

export function drawClock(host) {
  const time = el("time", { class: "clock-time" });
  const day = el("span", { class: "clock-day" });
  const next = el("button", {
    type: "button",
    class: "stage-button next",
    on: { click: () => move(next, { until_next: true }) },
  });
  const steps = STEPS.map(([label, spoken, step]) => {
    const button = el(
      "button",
      {
        type: "button",
        class: "stage-button",
        "aria-label": `${label}: ${spoken}`,
        title: spoken,
        on: { click: () => move(button, step) },
      },
      label,
    );
    return button;
  });
  host.append(el("div", { class: "clock-face" }, time, day), el("div", { class: "clock-steps" }, steps, next));
  const tick = () => {
    if (!world.clock) return;
    const date = now();
    time.textContent = clockSeconds(date);
    time.title = `Simulated time: ${wholeMoment(date)}`;
    day.textContent = world.clock.running ? shortDay(date) : `${shortDay(date)} · standing still`;
    drawNext(next);
  };
  on("state clock", tick);
  setInterval(tick, 1000);
}

function drawNext(button) {
  const { next } = world.clock;
  const when = next ? away(new Date(next.at)) : "nothing is waiting";
  const words = JSON.stringify([next, when]);
  if (button.dataset.words === words) return;
  button.dataset.words = words;
  button.disabled = !next;
  button.title = next
    ? `Move the clock to ${clockTime(new Date(next.at))}: ${next.what}`
    : "Nothing is waiting for its time";
  fill(
    button,
    el("span", {}, el("b", {}, "Next", el("span", { class: "next-more" }, " event")), ` ${when}`),
    next && " ",
    next && el("span", { class: "next-what" }, next.what),
  );
}

async function move(button, step) {
  if (button.getAttribute("aria-busy") === "true") return;
  button.setAttribute("aria-busy", "true");
  await send("clock", step).catch(complain);
  button.setAttribute("aria-busy", "false");
}
