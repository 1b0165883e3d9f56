// Ctrl+K: type a few letters of where you want to go.

import { el, fill } from "../kit/dom.js";
import { openDialog } from "../kit/dialog.js";
import { Listbox } from "../kit/listbox.js";
import { openChannel, openDirect } from "../navigate.js";
import { avatar, channelIcon, nameOf } from "../people.js";
import { world } from "../world.js";

export function openSwitcher() {
  if (document.querySelector("dialog[open]")) return;
  const field = el("input", {
    type: "text",
    class: "field",
    role: "combobox",
    autocomplete: "off",
    placeholder: "Channel or person",
    "aria-label": "Jump to a channel or person",
  });
  const go = (item) => {
    dialog.close();
    item.open();
  };
  const list = new Listbox({ field, label: "Places", choose: go });
  const search = () => list.show(places(field.value.trim().toLowerCase().replace(/^[#@]/, "")));
  field.addEventListener("input", search);
  field.addEventListener("keydown", (event) => {
    if (list.takesKey(event) || event.key !== "Enter" || !list.item) return;
    event.preventDefault();
    go(list.item);
  });
  const dialog = openDialog(fill(el("div", { class: "dialog-box switcher" }), field, list.node), { label: "Jump to" });
  field.focus();
  search();
}

function places(typed) {
  const channels = [...world.channels.values()]
    .filter((channel) => channel.kind !== "im")
    .map((channel) => entry(channel.name, channelIcon(channel), channel.unread, () => openChannel(channel.id)));
  const people = [...world.users.values()]
    .filter((user) => user.id !== world.me)
    .map((user) => entry(nameOf(user.id), avatar(user.id, "small"), 0, () => openDirect(user.id)));
  return [...channels, ...people]
    .filter(({ name }) => name.toLowerCase().includes(typed))
    .sort((a, b) => rank(a, typed) - rank(b, typed) || a.name.localeCompare(b.name));
}

function entry(name, picture, unread, open) {
  return { name, unread, open, label: el("span", { class: "switch-row" }, picture, name) };
}

function rank({ name, unread }, typed) {
  if (!typed) return unread ? 0 : 1;
  return name.toLowerCase().startsWith(typed) ? 0 : 1;
}

export function listenForSwitch() {
  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "k") return;
    event.preventDefault();
    openSwitcher();
  });
}
