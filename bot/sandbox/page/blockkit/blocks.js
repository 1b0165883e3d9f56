// Block Kit blocks as nodes.

import { el, freshId } from "../kit/dom.js";
import { drawElement } from "./elements.js";
import { richText } from "./richtext.js";
import { plainText, textNode } from "./text.js";

/** `surface` is `{form, act, where}`: see drawElement, and `where` the conversation or view that holds the blocks. */
export function drawBlocks(blocks, surface) {
  return (blocks ?? []).map((block) => (draw[block.type] ?? unknown)(block, surface));
}

const draw = {
  header: (block) => el("h3", { class: "block-header" }, plainText(block.text)),
  section,
  context: (block) => el("div", { class: "block-context" }, block.elements.map(contextPart)),
  divider: () => el("hr", { class: "block-divider" }),
  actions,
  image,
  input,
  rich_text: richText,
  table,
  markdown: (block) => el("div", { class: "block-text" }, block.text),
};

function unknown(block) {
  return el("p", { class: "unknown-block" }, `A block of type ${block.type}: the sandbox does not draw it.`);
}

function placed(block, surface, more = {}) {
  return { block, form: surface.form, act: surface.act(block), surface: surface.where, ...more };
}

function section(block, surface) {
  const words = el("div", { class: "section-words" });
  if (block.text) words.append(el("div", { class: "block-text", id: freshId("section") }, textNode(block.text)));
  if (block.fields)
    words.append(
      el(
        "div",
        { class: "block-fields" },
        block.fields.map((field) => el("div", { class: "block-text" }, textNode(field))),
      ),
    );
  if (!block.accessory) return words;
  const isButton = /button|overflow|image/.test(block.accessory.type);
  const accessory = drawElement(
    block.accessory,
    placed(block, surface, { labelledby: isButton ? null : words.firstElementChild.id }),
  );
  const wide = /checkboxes|radio|select|picker/.test(block.accessory.type);
  return el(
    "div",
    { class: `block-section ${wide ? "wide" : ""}` },
    words,
    el("div", { class: "accessory" }, accessory),
  );
}

function contextPart(part) {
  if (part.type === "image")
    return el("img", { src: part.image_url, alt: part.alt_text, referrerpolicy: "no-referrer" });
  return el("span", { class: "block-text" }, textNode(part));
}

function actions(block, surface) {
  return el(
    "div",
    { class: "block-actions" },
    block.elements.map((element) => drawElement(element, placed(block, surface))),
  );
}

function image(block) {
  const source = block.slack_file ? `/sandbox/files/${block.slack_file.id}` : block.image_url;
  const title = block.title && el("figcaption", {}, plainText(block.title));
  return el(
    "figure",
    { class: "block-image" },
    title,
    el("img", { src: source, alt: block.alt_text, loading: "lazy", referrerpolicy: "no-referrer" }),
  );
}

function input(block, surface) {
  const [label, hint, error] = [freshId("label"), freshId("hint"), freshId("error")];
  const described = [block.hint && hint, error].filter(Boolean).join(" ");
  const element = drawElement(
    block.element,
    placed(block, surface, { input: true, labelledby: label, describedby: described }),
  );
  if (/input/.test(block.element.type)) element.id = freshId("field");
  return el(
    "div",
    { class: "block-input", data: { block: block.block_id } },
    el(
      element.id ? "label" : "div",
      { class: "input-label", for: element.id || null },
      el("span", { id: label }, plainText(block.label)),
      block.optional && el("span", { class: "optional" }, "optional"),
    ),
    element,
    block.hint && el("p", { class: "input-hint", id: hint }, plainText(block.hint)),
    el("p", { class: "input-error", id: error, role: "alert" }),
  );
}

function table(block) {
  const columns = block.column_settings ?? [];
  const cell = (tag) => (content, index) => {
    const { align, is_wrapped: wraps } = columns[index] ?? {};
    return el(
      tag,
      { scope: tag === "th" ? "col" : null, class: [align ?? "", wraps ? "wraps" : ""].join(" ") },
      cellContent(content),
    );
  };
  const [head, ...rows] = block.rows;
  return el(
    "div",
    { class: "block-table", tabindex: "0", role: "region", "aria-label": "Table" },
    el(
      "table",
      {},
      el("thead", {}, el("tr", {}, head.map(cell("th")))),
      el(
        "tbody",
        {},
        rows.map((row) => el("tr", {}, row.map(cell("td")))),
      ),
    ),
  );
}

function cellContent(cell) {
  if (cell.type === "rich_text") return richText(cell);
  return String(cell.text ?? cell.value ?? "");
}

/** Shows `{block_id: sentence}` under the inputs of `root`, and clears the others; gives the focus to the first one. */
export function showMistakes(root, mistakes) {
  let first = null;
  for (const box of root.querySelectorAll(".block-input")) {
    const sentence = mistakes[box.dataset.block] ?? "";
    box.querySelector(".input-error").textContent = sentence;
    box.classList.toggle("mistaken", Boolean(sentence));
    const field = box.querySelector("input, textarea");
    if (sentence) field?.setAttribute("aria-invalid", "true");
    else field?.removeAttribute("aria-invalid");
    if (sentence) first ??= field;
  }
  first?.focus();
}
