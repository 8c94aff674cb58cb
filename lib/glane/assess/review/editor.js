// Inputs for a value of any type of a task. Each editor has a node and `read()`, which returns the answer or throws Wrong.

class Wrong extends Error {
  constructor(message, input) {
    super(message);
    this.input = input;
  }
}

let numInputs = 0;

function answerEditor(schema, answer, label) {
  const said = unwrap(schema, answer);
  const inner = valueEditor(schema, said.value, label, false);
  if (schema.type === "list" || !schema.assertion.length) return { node: inner.node, read: () => wrap(schema, inner.read()) };
  const assertion = assertionEditor(schema, said.assertion);
  const node = make("div", { class: "pair" }, inner.node, assertion.node);
  return { node, read: () => wrap(schema, inner.read(), assertion.read()) };
}

// One editor for each kind of field of a task: (schema, value, label, isInside) -> { node, read }.
const EDITORS = {
  string: textEditor,
  integer: textEditor,
  number: textEditor,
  boolean: optionsEditor,
  date: textEditor,
  time: textEditor,
  datetime: textEditor,
  enum: optionsEditor,
  list: (schema, value, label) => listEditor(schema, value ?? [], label),
  object: (schema, value) => recordEditor(schema, value ?? {}),
};

// The kinds of which all values can be listed: [value, as shown, explanation].
const OPTIONS = {
  boolean: () => [[true, words.yes], [false, words.no]],
  enum: (schema) => schema.values.map((one) => [one, one, schema.labels[one]]),
};

// The kinds that are written in a line: how what was written is read, and what stands below the line.
const WRITTEN = {
  string: { parse: parseText },
  integer: { parse: parseNumber, inputmode: "decimal" },
  number: { parse: parseNumber, inputmode: "decimal" },
  date: { parse: parseDate, hint: (schema) => (schema.precision === "partial" ? words.wrong.partial : words.wrong.date) },
  time: { parse: parseTime, hint: () => words.wrong.time },
  datetime: { parse: parseDatetime, hint: hintOfDatetime },
};

function valueEditor(schema, value, label, isInside) {
  return EDITORS[schema.type](schema, value, label, isInside);
}

function optionsEditor(schema, value, label, isInside) {
  const options = OPTIONS[schema.type](schema);
  return isInside ? selectEditor(options, value, label) : choiceEditor(options, value, label);
}

function choiceEditor(options, value, label) {
  const name = `choice-${numInputs++}`;
  const radios = options.map(([one]) => make("input", { type: "radio", name, ...(one === value ? { checked: true } : {}) }));
  const rows = options.map(([, shown, explained], i) =>
    make("label", {}, radios[i], i < 9 ? make("kbd", {}, String(i + 1)) : make("i", {}), make("span", {}, shown),
      explained ? make("small", {}, explained) : null));
  const node = make("div", { class: "choices", role: "radiogroup", "aria-label": label }, ...rows);
  node.addEventListener("keydown", (event) => {
    const index = Number(event.key) - 1;
    if (!radios[index] || event.ctrlKey || event.altKey || event.metaKey) return;
    radios[index].checked = true;
    radios[index].focus();
    event.preventDefault();
  });
  const read = () => {
    const chosen = radios.findIndex((radio) => radio.checked);
    if (chosen < 0) throw new Wrong(words.wrong.choice, radios[0]);
    return options[chosen][0];
  };
  return { node, read };
}

function selectEditor(options, value, label) {
  const select = make("select", { "aria-label": label });
  if (!options.some(([one]) => one === value)) select.append(make("option", { value: "" }, words.choose));
  options.forEach(([one, shown], i) => select.append(make("option", { value: String(i), selected: one === value }, shown)));
  const read = () => {
    if (select.value === "") throw new Wrong(words.wrong.choice, select);
    return options[Number(select.value)][0];
  };
  return { node: select, read };
}

function textEditor(schema, value, label) {
  const isText = schema.type === "string";
  const { parse, hint, inputmode } = WRITTEN[schema.type];
  const shown = value === null || value === undefined ? "" : String(value);
  const input = isText
    ? make("textarea", { rows: shown.length > 60 ? 3 : 1, "aria-label": label })
    : make("input", { type: "text", "aria-label": label, autocomplete: "off", inputmode });
  input.value = shown;
  const node = hint ? make("div", {}, input, make("small", {}, hint(schema))) : input;
  return { node, read: () => parse(schema, input) };
}

function parseText(schema, input) {
  const text = input.value;
  if (!text.trim()) throw new Wrong(words.wrong.text, input);
  if ([...text].length > schema.max_length) throw new Wrong(words.wrong.long(schema.max_length), input);
  if ([...text].length < schema.min_length) throw new Wrong(words.wrong.short(schema.min_length), input);
  if (schema.pattern !== null && !matches(schema.pattern, text)) throw new Wrong(words.wrong.pattern(schema.pattern), input);
  return text;
}

// A pattern is written in Rust's dialect; what a browser cannot read is checked when the corrections are.
function matches(pattern, text) {
  try {
    return new RegExp(pattern, "u").test(text);
  } catch {
    return true;
  }
}

function parseNumber(schema, input) {
  const text = input.value.replace(/\s/g, "").replace(",", ".").replace("−", "-");
  const pattern = schema.type === "integer" ? /^-?\d+$/ : /^-?\d+(\.\d+)?$/;
  const number = Number(text);
  if (!pattern.test(text) || !Number.isFinite(number)) throw new Wrong(words.wrong[schema.type], input);
  if (schema.minimum !== null && number < schema.minimum) throw new Wrong(words.wrong.minimum(schema.minimum), input);
  if (schema.maximum !== null && number > schema.maximum) throw new Wrong(words.wrong.maximum(schema.maximum), input);
  const { above = null, below = null } = schema;
  if (above !== null && number <= above) throw new Wrong(words.wrong.above(above), input);
  if (below !== null && number >= below) throw new Wrong(words.wrong.below(below), input);
  return number;
}

const padded = (text) => text.padStart(2, "0");

function parseDate(schema, input) {
  return readDate(input.value.trim(), schema.precision === "partial", input);
}

function readDate(written, isPartial, input) {
  const text = written
    .replace(/^(\d{1,2})[/.](\d{1,2})[/.](\d{4})$/, (_, day, month, year) => `${year}-${padded(month)}-${padded(day)}`)
    .replace(/^(\d{1,2})[/.](\d{4})$/, (_, month, year) => `${year}-${padded(month)}`);
  const parts = /^(\d{4})(?:-(\d{2}))?(?:-(\d{2}))?$/.exec(text);
  if (!parts || (!isPartial && !parts[3])) throw new Wrong(isPartial ? words.wrong.partial : words.wrong.date, input);
  const [year, month, day] = [Number(parts[1]), Number(parts[2] ?? 1), Number(parts[3] ?? 1)];
  const date = new Date(Date.UTC(2000, month - 1, day));
  date.setUTCFullYear(year, month - 1, day);
  if (year < 1 || date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) throw new Wrong(words.wrong.day, input);
  return text;
}

// 9:05, 9h05 and 9 h are written in French notes.
function readTime(written) {
  const parts = /^(\d{1,2})\s*(?::|h)\s*(\d{2})?$/i.exec(written);
  return parts && Number(parts[1]) < 24 && Number(parts[2] ?? 0) < 60 ? `${padded(parts[1])}:${parts[2] ?? "00"}` : null;
}

function parseTime(schema, input) {
  const time = readTime(input.value.trim());
  if (time === null) throw new Wrong(words.wrong.time, input);
  return time;
}

function hintOfDatetime(schema) {
  return { none: words.wrong.datetime, offset: words.wrong.datetimeOffset }[schema.zone] ?? words.wrong.datetimeZone(schema.zone);
}

function parseDatetime(schema, input) {
  const form = /^(\S+?)(?:\s*T\s*|\s+)(\d{1,2}\s*(?::|h)\s*\d{2})(:[0-5]\d)?\s*(Z|[+-](?:0\d|1[0-4]):[0-5]\d)?$/i;
  const parts = form.exec(input.value.trim());
  const time = parts && readTime(parts[2]);
  const offset = parts?.[4]?.toUpperCase() ?? "";
  if (!time || (schema.zone === "none" && offset) || (schema.zone === "offset" && !offset)) throw new Wrong(hintOfDatetime(schema), input);
  return `${readDate(parts[1], false, input)}T${time}${parts[3] ?? ""}${offset}`;
}

function assertionEditor(schema, value) {
  const editor = selectEditor(schema.assertion.map((one) => [one, words.assertions[one]]), value, words.assertedAs);
  return { node: make("label", { class: "said" }, make("span", {}, words.assertedAs), editor.node), read: editor.read };
}

function listEditor(schema, items, label) {
  const rows = make("ol", { class: "rows" });
  const editors = [];
  const add = (item) => {
    const said = unwrapItem(schema, item);
    const inner = valueEditor(schema.items, said.value, `${label}, ${words.item} ${editors.length + 1}`, true);
    const assertion = schema.assertion.length ? assertionEditor(schema, said.assertion) : null;
    const read = () => (assertion ? { value: inner.read(), assertion: assertion.read() } : inner.read());
    const one = { read };
    const remove = make("button", { type: "button", class: "quiet", title: words.remove, "aria-label": words.remove, onclick: () => {
      editors.splice(editors.indexOf(one), 1);
      row.remove();
      more.focus();
    } }, "×");
    const row = make("li", {}, make("div", { class: "grow" }, inner.node, assertion?.node), remove);
    editors.push(one);
    rows.append(row);
    return row;
  };
  const blank = () => (schema.assertion.length ? { value: null, assertion: schema.assertion[0] } : null);
  const more = make("button", { type: "button", class: "quiet", onclick: () => firstInput(add(blank())).focus() }, `+ ${words.add}`);
  (items.length ? items : [blank()]).forEach(add);
  const read = () => {
    if (!editors.length && schema.missing.length) throw new Wrong(words.wrong.items, more);
    return editors.map((one) => one.read());
  };
  return { node: make("div", { class: "list-editor" }, rows, more), read };
}

function recordEditor(schema, record) {
  const members = Object.entries(schema.fields).map(([name, one]) => [name, memberEditor(one, record[name], name)]);
  const rows = members.flatMap(([name, one]) => [make("span", { class: "name", title: schema.fields[name].description || null }, name), one.node]);
  return { node: make("div", { class: "record-editor" }, ...rows), read: () => Object.fromEntries(members.map(([name, one]) => [name, one.read()])) };
}

// A field inside a record: beside its value, whether there is one.
function memberEditor(schema, answer, name) {
  const said = unwrap(schema, answer);
  const isUnsaid = answer === undefined; // of a new record nobody has said yet whether it has one
  const inner = valueEditor(schema, said.value, name, true);
  const assertion = schema.type !== "list" && schema.assertion.length ? assertionEditor(schema, said.assertion) : null;
  const value = make("div", { class: "grow" }, inner.node, assertion?.node);
  const read = () => wrap(schema, inner.read(), assertion?.read());
  if (!schema.nullable) return { node: value, read };
  const reasons = schema.missing.length ? schema.missing.map((one) => [{ missing: one }, words.reasons[one]]) : [[null, words.none]];
  if (!assertion && OPTIONS[schema.type]) {
    const options = OPTIONS[schema.type](schema);
    const choices = [...options.map(([one, shown]) => [wrap(schema, one), shown]), ...reasons.map(([one, shown]) => [one, `— ${shown}`])];
    const current = isUnsaid ? undefined : choices.find(([one]) => JSON.stringify(one) === JSON.stringify(answer ?? null));
    return selectEditor(choices, current?.[0], name);
  }
  const states = make("select", { "aria-label": `${name} : ${words.value}` }, isUnsaid ? make("option", { value: "?" }, words.choose) : null,
    make("option", { value: "" }, words.value), ...reasons.map(([, shown], i) => make("option", { value: String(i) }, shown)));
  states.value = isUnsaid ? "?" : said.value === null ? String(Math.max(0, schema.missing.indexOf(said.missing))) : "";
  const sync = () => { value.hidden = states.value !== "" && states.value !== "?"; };
  states.addEventListener("change", sync);
  value.addEventListener("input", () => { states.value = ""; }); // whoever writes a value has chosen that there is one
  value.addEventListener("click", (event) => { if (event.target.closest("button")) states.value = ""; });
  sync();
  const readMember = () => {
    if (states.value === "?") throw new Wrong(words.wrong.choice, states);
    return states.value === "" ? read() : reasons[Number(states.value)][0];
  };
  return { node: make("div", { class: "member" }, states, value), read: readMember };
}

const firstInput = (node) =>
  node.querySelector("input:checked") ?? [...node.querySelectorAll("input, textarea, select, button")].find((one) => !one.closest("[hidden]"));
