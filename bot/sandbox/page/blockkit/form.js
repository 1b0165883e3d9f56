// What people have filled in: kept outside the drawn elements, so that a redrawn message or modal loses nothing.

/** For each element with a value: its blank or initial state, as Slack's `state.values` has it. */
const INITIAL = {
  plain_text_input: (element) => ({ value: element.initial_value ?? null }),
  email_text_input: (element) => ({ value: element.initial_value ?? null }),
  url_text_input: (element) => ({ value: element.initial_value ?? null }),
  number_input: (element) => ({ value: element.initial_value ?? null }),
  rich_text_input: (element) => ({ rich_text_value: element.initial_value ?? null }),
  static_select: (element) => ({ selected_option: element.initial_option ?? null }),
  external_select: (element) => ({ selected_option: element.initial_option ?? null }),
  multi_static_select: (element) => ({ selected_options: element.initial_options ?? [] }),
  multi_external_select: (element) => ({ selected_options: element.initial_options ?? [] }),
  users_select: (element) => ({ selected_user: element.initial_user ?? null }),
  multi_users_select: (element) => ({ selected_users: element.initial_users ?? [] }),
  channels_select: (element) => ({ selected_channel: element.initial_channel ?? null }),
  multi_channels_select: (element) => ({ selected_channels: element.initial_channels ?? [] }),
  conversations_select: (element) => ({ selected_conversation: element.initial_conversation ?? null }),
  multi_conversations_select: (element) => ({ selected_conversations: element.initial_conversations ?? [] }),
  datepicker: (element) => ({ selected_date: element.initial_date ?? null }),
  timepicker: (element) => ({ selected_time: element.initial_time ?? null }),
  datetimepicker: (element) => ({ selected_date_time: element.initial_date_time ?? null }),
  checkboxes: (element) => ({ selected_options: element.initial_options ?? [] }),
  radio_buttons: (element) => ({ selected_option: element.initial_option ?? null }),
};

export class Form {
  #touched = new Map();

  value(blockId, element) {
    return this.#touched.get(`${blockId}|${element.action_id}|${element.type}`) ?? INITIAL[element.type](element);
  }

  keep(blockId, element, value) {
    this.#touched.set(`${blockId}|${element.action_id}|${element.type}`, value);
  }
}

const forms = new Map();

/** The form of one message or view; the same one each time it is drawn. */
export function formOf(key) {
  if (!forms.has(key)) forms.set(key, new Form());
  return forms.get(key);
}

export function hasValue(element) {
  return element?.type in INITIAL;
}

function* withValue(blocks) {
  for (const block of blocks ?? [])
    for (const element of [block.element, block.accessory, ...(block.type === "actions" ? block.elements : [])])
      if (hasValue(element)) yield [block, element];
}

/** `{block_id: {action_id: {type, …}}}` of every element that can hold a value. */
export function valuesOf(blocks, form) {
  const values = {};
  for (const [block, element] of withValue(blocks))
    (values[block.block_id] ??= {})[element.action_id] = { type: element.type, ...form.value(block.block_id, element) };
  return values;
}

/** What is wrong before anything is sent, as `{block_id: sentence}`. */
export function mistakesIn(blocks, form) {
  const mistakes = {};
  for (const [block, element] of withValue(blocks)) {
    if (block.type !== "input") continue;
    const value = Object.values(form.value(block.block_id, element))[0];
    const mistake = isEmpty(value)
      ? !block.optional && "Please complete this required field."
      : mistakeIn(element, value);
    if (mistake) mistakes[block.block_id] = mistake;
  }
  return mistakes;
}

function isEmpty(value) {
  return value === null || value === "" || (Array.isArray(value) && !value.length);
}

function mistakeIn(element, value) {
  if (element.type === "email_text_input" && !/^\S+@\S+\.\S+$/.test(value))
    return "Enter an email address, such as ada@example.com.";
  if (element.type === "url_text_input" && !URL.canParse(value)) return "Enter a link, such as https://example.com.";
  if (element.type === "number_input") return mistakeInNumber(element, value);
  const length = typeof value === "string" ? [...value].length : 0;
  if (length < element.min_length) return `Enter at least ${element.min_length} characters.`;
  if (length > (element.max_length ?? Infinity)) return `Enter at most ${element.max_length} characters.`;
  return null;
}

function mistakeInNumber(element, value) {
  const shape = element.is_decimal_allowed ? /^-?\d+(\.\d+)?$/ : /^-?\d+$/;
  if (!shape.test(value)) return element.is_decimal_allowed ? "Enter a number." : "Enter a whole number.";
  if (Number(value) < Number(element.min_value ?? -Infinity)) return `Enter ${element.min_value} or more.`;
  if (Number(value) > Number(element.max_value ?? Infinity)) return `Enter ${element.max_value} or less.`;
  return null;
}
