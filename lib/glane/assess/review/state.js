// Where the reviewer is, what is decided, and how it is kept.

const data = JSON.parse(byId("data").textContent);
const fieldNames = Object.keys(data.fields);
const byDocument = Object.fromEntries(data.documents.map((one) => [one.id, one]));
// The fields that are asked about a document: all, or those on which its readers disagree.
const namesOf = (one) => (one.readings ? fieldNames.filter((name) => name in one.readings) : fieldNames);
const namesHere = () => namesOf(documentHere());
const storageKey = `glane-review:${data.run}:${data.page}`;
const state = { reviewer: "", language: data.language in WORDS ? data.language : "fr", shortcuts: true, place: 0, field: 0, decisions: {} };
const trail = []; // what `undo` takes back: the latest decision last
let editing = null; // "correct" or "missing" while the active field is being edited

const documentHere = () => data.documents[state.place];
const isBlind = (one) => one.blind === true; // the page holds no answer of the model to this document
const UNKNOWN = { answer: undefined, confidence: null, signs: [], places: {}, conflicts: [], passages: [], derived: [] };
const foundOf = (one, name) => (isBlind(one) ? UNKNOWN : one.fields[name]);
const fieldHere = () => namesHere()[state.field];
const decided = (id) => state.decisions[id] ?? {};
const numDecided = (id) => Object.keys(decided(id)).length;
const stageOf = (id) => (numDecided(id) === 0 ? "none" : numDecided(id) < namesOf(byDocument[id]).length ? "some" : "all");
const numDone = () => data.documents.filter((one) => stageOf(one.id) === "all").length;

// --- Keeping ---

function keep() {
  const saved = byId("saved");
  try {
    localStorage.setItem(storageKey, JSON.stringify(state));
    const time = new Date().toLocaleTimeString(state.language, { hour: "2-digit", minute: "2-digit" });
    saved.textContent = words.saved(time);
    saved.classList.remove("alarm");
  } catch {
    saved.textContent = words.notSaved;
    saved.classList.add("alarm");
  }
}

function restore() {
  try {
    const kept = JSON.parse(localStorage.getItem(storageKey) ?? "null");
    if (!kept) return;
    Object.assign(state, kept);
    state.place = Math.min(Math.max(0, state.place), data.documents.length - 1);
    state.field = Math.min(Math.max(0, state.field), namesHere().length - 1);
  } catch {
    // Nothing was kept, or this browser keeps nothing: the first change says so.
  }
}

function corrections() {
  const reviewed = data.documents.filter((one) => numDecided(one.id));
  return {
    kind: "glane corrections", version: 1, run: data.run, page: data.page, task: data.task,
    reviewer: state.reviewer.trim(), saved: new Date().toISOString(), fields: fieldNames, sampled: data.documents.length,
    ...(data.adjudicates ? { adjudicates: data.adjudicates } : {}),
    documents: reviewed.map(({ id, inclusion_probability, stratum, shown }) => ({ id, inclusion_probability, stratum, shown, fields: decided(id) })),
  };
}

function save() {
  if (!state.reviewer.trim()) {
    say(words.needName);
    byId("reviewer").focus();
    return;
  }
  const content = corrections();
  if (!content.documents.length) return say(words.nothingYet);
  const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").replace(/[^A-Za-z0-9]+/g, "-").replace(/^-+|-+$/g, "").toLowerCase();
  const name = `${data.adjudicates ? "adjudication" : "corrections"}-${plain(data.task)}-${plain(state.reviewer) || "x"}-${content.saved.slice(0, 19).replace(/\D/g, "")}.json`;
  const address = URL.createObjectURL(new Blob([JSON.stringify(content, null, 1)], { type: "application/json" }));
  make("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
  say(words.exported(name));
}

async function load(file) {
  let content;
  try {
    content = JSON.parse(await file.text());
  } catch {
    return say(words.notOurs);
  }
  if (content?.kind !== "glane corrections" || content.version !== 1 || !Array.isArray(content.documents)) return say(words.notOurs);
  if (content.run !== data.run) return say(words.otherRun);
  if (content.page !== data.page) return say(words.otherPage);
  const isKnown = (one) => data.documents.some(({ id }) => id === one?.id) && isRecord(one.fields) && Object.keys(one.fields).every((name) => name in data.fields);
  if (!content.documents.every(isKnown)) return say(words.notOurs);
  if (Object.keys(state.decisions).length && !window.confirm(words.replace)) return;
  state.reviewer = String(content.reviewer ?? "");
  state.decisions = Object.fromEntries(content.documents.map((one) => [one.id, one.fields]));
  trail.length = 0;
  editing = null;
  keep();
  showAll();
  say(words.loaded(content.documents.length));
}

// --- Deciding ---

function decide(changes) {
  const id = documentHere().id;
  trail.push({ place: state.place, field: state.field, before: { ...decided(id) } });
  state.decisions[id] = { ...decided(id), ...changes };
  editing = null;
  const open = namesHere().findIndex((name, i) => i > state.field && !(name in decided(id)));
  const earlier = namesHere().findIndex((name) => !(name in decided(id)));
  if (open >= 0) state.field = open;
  else if (earlier >= 0) state.field = earlier;
  keep();
  showDecisions();
  if (stageOf(id) !== "all") return focusField();
  say(numDone() === data.documents.length ? words.allDone : words.documentDone);
  byId("next").focus();
}

// One of the readings that differ, by its place on the page.
function choose(place) {
  const reading = documentHere().readings?.[fieldHere()]?.[place];
  if (reading) decide({ [fieldHere()]: reading });
}

const accept = () => (isBlind(documentHere()) ? say(documentHere().readings ? words.choosePlease : words.blindNoAccept) : decide({ [fieldHere()]: { decision: "accepted" } }));

function acceptRest() {
  if (isBlind(documentHere())) return accept();
  const here = documentHere();
  const open = fieldNames.filter((name) => !(name in decided(here.id)));
  const [marked, plain] = [open.filter((name) => isMarked(here, name)), open.filter((name) => !isMarked(here, name))];
  if (plain.length) decide(Object.fromEntries(plain.map((name) => [name, { decision: "accepted", in_bulk: true }])));
  if (!marked.length) return;
  goToField(fieldNames.indexOf(marked[0]));
  say(words.markedLeft(marked.length));
}

// What is marked is decided one by one: its reader has to see why. A mark of the document is one of each of its fields.
const documentSigns = (one) => [...(one.broken_rules ?? []).map((rule) => `${words.signs.broken_rules} ${rule}`), ...(one.suspicious?.length ? [words.signs.suspicious] : [])];
const fieldSigns = (one, name) => foundOf(one, name).signs.map((sign) => [words.signs[sign], ...(foundOf(one, name).places[sign] || [])].join(" "));
const isMarked = (one, name) => documentSigns(one).length > 0 || fieldSigns(one, name).length > 0;

function undo() {
  const last = trail.pop();
  if (!last) return say(words.nothing);
  const id = data.documents[last.place].id;
  if (Object.keys(last.before).length) state.decisions[id] = last.before;
  else delete state.decisions[id];
  editing = null;
  Object.assign(state, { place: last.place, field: last.field });
  keep();
  showDocument();
}

function goTo(place, field = 0) {
  if (place < 0 || place >= data.documents.length) return;
  editing = null;
  Object.assign(state, { place, field });
  byId("message").classList.remove("shown");
  keep();
  showDocument();
}

function goToField(field) {
  if (field < 0 || field >= namesHere().length) return;
  editing = null;
  state.field = field;
  showFields();
  focusField();
}

// The next document; from the last one, the first that is not reviewed.
function goOn() {
  const open = data.documents.findIndex((one) => stageOf(one.id) !== "all");
  goTo(state.place + 1 < data.documents.length ? state.place + 1 : open);
}
