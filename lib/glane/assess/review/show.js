// Elements, values and texts on the screen. Whatever comes from the data is put there as text, never as markup.

function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

const byId = (id) => document.getElementById(id);
const isRecord = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

// Whether a value of this field stands in an object with what is said about it; a list wraps its items instead.
const isWrapped = (schema) => schema.assertion.length > 0 || (schema.type !== "list" && schema.missing.length > 0);

function unwrap(schema, answer) {
  if (answer === null || answer === undefined) return { value: null };
  if (schema.missing.length && isRecord(answer) && "missing" in answer) return { value: null, missing: answer.missing };
  if (schema.type !== "list" && isWrapped(schema)) return answer;
  return { value: answer };
}

function wrap(schema, value, assertion) {
  if (schema.type === "list" || !isWrapped(schema)) return value;
  return schema.assertion.length ? { value, assertion } : { value };
}

function unwrapItem(list, item) {
  return list.assertion.length ? item : { value: item };
}

// The value of an answer as nodes; `onItem(index)` is told when the pointer is over an item of a list.
function showAnswer(schema, answer, onItem) {
  const said = unwrap(schema, answer);
  if (said.missing) return make("span", { class: "no-value" }, words.reasons[said.missing]);
  if (said.value === null) return make("span", { class: "no-value" }, words.none);
  const shown = showValue(schema, said.value, onItem);
  return said.assertion ? make("span", {}, shown, " ", showAssertion(said.assertion)) : shown;
}

const showAssertion = (assertion) => make("span", { class: "assertion" }, words.assertions[assertion] ?? assertion);

function showValue(schema, value, onItem) {
  if (value === null) return make("span", { class: "no-value" }, words.none);
  return SHOWN[schema.type](schema, value, onItem);
}

// How a value of each kind of field is shown: (schema, value, onItem) -> node.
const SHOWN = {
  string: showAsIs,
  integer: showFigure,
  number: showFigure,
  boolean: (schema, value) => make("span", {}, value ? words.yes : words.no),
  date: showAsIs,
  time: showAsIs,
  datetime: (schema, value) => showAsIs(schema, value.replace("T", " ")),
  enum: (schema, value) => make("span", { title: schema.labels[value] }, value),
  list: showList,
  object: showRecord,
};

function showAsIs(schema, value) {
  return make("span", { class: "as-is" }, String(value));
}

function showFigure(schema, value) {
  return make("span", { class: "figure" }, value.toLocaleString(words === WORDS.fr ? "fr" : "en", { maximumFractionDigits: 12 }));
}

function showList(schema, items, onItem) {
  if (!items.length) return make("span", { class: "no-value" }, words.empty);
  const isPlain = schema.items.type !== "object";
  const shown = items.map((item, index) => {
    const said = unwrapItem(schema, item);
    const over = onItem ? { onmouseenter: () => onItem(index), onmouseleave: () => onItem(null) } : {};
    return make("li", over, showValue(schema.items, said.value), said.assertion ? " " : null, said.assertion ? showAssertion(said.assertion) : null);
  });
  return make("ul", { class: isPlain ? "items plain" : "items records" }, ...shown);
}

function showRecord(schema, record) {
  const rows = Object.entries(schema.fields).flatMap(([name, one]) => {
    const said = unwrap(one, record[name]);
    if (said.value === null && !said.missing) return []; // a long record is easier to read without what it lacks
    return [make("dt", { title: one.description || null }, name), make("dd", {}, showAnswer(one, record[name]))];
  });
  return make("dl", { class: "record" }, ...rows);
}

// Long texts are laid out in blocks, of which the browser draws those that are seen; each ends with a line or a space.
const BLOCK = 20000;

function blockEnds(text) {
  const ends = [];
  for (let start = 0; text.length - start > 2 * BLOCK; start = ends.at(-1)) {
    const near = start + BLOCK;
    const found = ["\n", " "].map((sign) => text.indexOf(sign, near) + 1).find((end) => end > 0 && end < near + BLOCK);
    ends.push(found ?? near + (/[\udc00-\udfff]/.test(text[near]) ? 1 : 0)); // never within a pair
  }
  return ends;
}

// The text, cut where passages begin and end; each piece knows the passages that it is part of.
function showText(target, text, passages) {
  const found = passages.filter((one) => one.start !== null && one.end > one.start);
  const ends = blockEnds(text);
  const bounds = [...new Set([0, text.length, ...ends, ...found.flatMap((one) => [one.start, one.end])])].sort((a, b) => a - b);
  const isEnd = new Set(ends);
  const blocks = [[]];
  for (let i = 0; i + 1 < bounds.length; i++) {
    const [start, end] = [bounds[i], bounds[i + 1]];
    if (isEnd.has(start)) blocks.push([]);
    const inside = found.filter((one) => one.start <= start && end <= one.end);
    const piece = text.slice(start, end);
    if (!inside.length) {
      blocks.at(-1).push(document.createTextNode(piece));
      continue;
    }
    const mark = make("mark", { title: [...new Set(inside.map((one) => one.field))].join(", ") }, piece);
    mark.passages = inside;
    blocks.at(-1).push(mark);
  }
  target.replaceChildren(...(ends.length ? blocks.map((pieces) => make("div", { class: "block" }, ...pieces)) : blocks[0]));
}

// Light up the passages of a field, or of one of its items, and return the first of them.
function lightUp(target, className, field, item = null) {
  let first = null;
  for (const mark of target.querySelectorAll("mark")) {
    const isOne = mark.passages.some((one) => one.field === field && (item === null || one.item === item));
    mark.classList.toggle(className, isOne);
    if (isOne && !first) first = mark;
  }
  return first;
}
