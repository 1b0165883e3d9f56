// Times as people read them, in the browser's zone; "today" is today by the sandbox's clock.

import { now } from "../world.js";

const LANGUAGE = navigator.language?.startsWith("en") ? navigator.language : "en-GB";

function formatter(options) {
  const format = new Intl.DateTimeFormat(LANGUAGE, options);
  return (date) => format.format(date);
}

// Twenty-four hours for everybody: in an incident nobody should have to ask which nine o'clock.
const clockTime = formatter({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const clockSeconds = formatter({ hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const month = formatter({ month: "long" });
const weekday = formatter({ weekday: "long" });
const shortDate = formatter({ day: "numeric", month: "short", year: "numeric" });
const dayLine = formatter({ weekday: "long", day: "numeric", month: "long" });

export { clockTime, clockSeconds };
export const shortDay = formatter({ weekday: "short", day: "numeric", month: "short" });
export const wholeMoment = formatter({ dateStyle: "full", timeStyle: "medium", hourCycle: "h23" });

export function dateOfTs(ts) {
  return new Date(Number(ts) * 1000);
}

/** A key equal for all moments of one day in the browser's zone. */
export function dayKey(date) {
  return [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join("-");
}

function two(number) {
  return String(number).padStart(2, "0");
}

function nearDay(date) {
  const days = Math.round((startOfDay(date) - startOfDay(now())) / 86400000);
  return { "-1": "yesterday", 0: "today", 1: "tomorrow" }[days];
}

function startOfDay(date) {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
}

/** The words on a day divider: "Today", "Yesterday", else the whole date. */
export function dayName(date) {
  const near = nearDay(date);
  return near ? near[0].toUpperCase() + near.slice(1) : dayLine(date);
}

/** Rounded the way people say it: "in 14 min", "3 h ago", "now". */
export function away(date) {
  const seconds = Math.round((date - now()) / 1000);
  const amount = Math.abs(seconds);
  if (amount < 1) return "now";
  const words = span(amount);
  return seconds > 0 ? `in ${words}` : `${words} ago`;
}

function span(seconds) {
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
  const days = Math.floor(hours / 24);
  return hours % 24 ? `${days} d ${hours % 24} h` : `${days} d`;
}

function ordinal(day) {
  const tail = day % 100 > 10 && day % 100 < 14 ? "th" : ({ 1: "st", 2: "nd", 3: "rd" }[day % 10] ?? "th");
  return `${day}${tail}`;
}

function longDate(date) {
  return `${month(date)} ${ordinal(date.getDate())}, ${date.getFullYear()}`;
}

const TOKENS = {
  date_num: dayKey,
  date: longDate,
  date_slash: (date) => dayKey(date).replaceAll("-", "/"),
  date_short: shortDate,
  date_long: (date) => `${weekday(date)}, ${longDate(date)}`,
  time: clockTime,
  time_secs: clockSeconds,
  ago: away,
};

/**
 * Fills the tokens of Slack's `<!date^…>` for a moment in Unix seconds; null when it names a token that does not
 * exist.
 */
export function slackDate(unixSeconds, format) {
  const date = new Date(unixSeconds * 1000);
  if (Number.isNaN(date.getTime())) return null;
  let known = true;
  const text = format.replace(/\{(\w+)\}/g, (token, name) => {
    const pretty = name.endsWith("_pretty");
    const write = TOKENS[pretty ? name.slice(0, -7) : name];
    if (!write) known = false;
    return (pretty && nearDay(date)) || write?.(date);
  });
  return known ? text : null;
}
