// Builds nodes. Text always becomes a text node, so nothing that came from outside can turn into markup.

const SVG = "http://www.w3.org/2000/svg";
const PROPERTIES = new Set(["value", "checked", "disabled", "hidden", "inert", "indeterminate", "srcdoc"]);

/**
 * Builds an element: `on` holds listeners, `data` the data-* attributes, `style` CSS properties, the rest
 * attributes.
 */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) give(node, name, value);
  node.append(...present(children));
  return node;
}

function give(node, name, value) {
  if (value === null || value === undefined) return;
  if (name === "on") for (const [event, listener] of Object.entries(value)) node.addEventListener(event, listener);
  else if (name === "data") Object.assign(node.dataset, value);
  else if (name === "style") for (const [key, text] of Object.entries(value)) node.style.setProperty(key, text);
  else if (PROPERTIES.has(name)) node[name] = value;
  else if (value === true) node.setAttribute(name, "");
  else if (value !== false) node.setAttribute(name, value);
}

/** Drops what is absent, so that `condition && node` can stand among the children. */
export function present(children) {
  return children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);
}

export function fill(node, ...children) {
  node.replaceChildren(...present(children));
  return node;
}

/** A drawing of the sprite in index.html; decoration only, so it has no name. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#icon-${name}`);
  svg.append(use);
  return svg;
}

export function iconButton(name, label, click, more = {}) {
  return el(
    "button",
    { type: "button", class: "icon-button", "aria-label": label, title: label, on: { click }, ...more },
    icon(name),
  );
}

let count = 0;
/** An id nobody else on the page has. */
export function freshId(prefix) {
  count += 1;
  return `${prefix}-${count}`;
}

/** Does `change`, which rebuilds part of `root`, and leaves the focus and the caret where they were. */
export function keepingFocus(root, change) {
  const focused = document.activeElement;
  const path = root.contains(focused) ? keysAbove(focused, root) : [];
  const caret = path.length && "selectionStart" in focused ? [focused.selectionStart, focused.selectionEnd] : null;
  change();
  if (!path.length || focused.isConnected) return;
  const again = path.reduce(
    (place, key) => [...place.querySelectorAll("[data-key]")].find((node) => node.dataset.key === key) ?? place,
    root,
  );
  if (again === root) return;
  again.focus({ preventScroll: true });
  if (caret?.[0] != null && again.dataset.key === path.at(-1)) again.setSelectionRange(...caret);
}

/** The data-key marks from the outermost inside `root` down to `node`: keys are unique only inside their message. */
function keysAbove(node, root) {
  const marked = node.closest("[data-key]");
  if (!marked || !root.contains(marked) || marked === root) return [];
  return [...keysAbove(marked.parentElement, root), marked.dataset.key];
}
