// What the page shows, and what keys and buttons do.

// --- Showing ---

function say(text) {
  const message = byId("message");
  message.textContent = text;
  message.classList.add("shown");
  clearTimeout(say.timer);
  say.timer = setTimeout(() => message.classList.remove("shown"), 5000);
}

function showAll() {
  words = WORDS[state.language] ?? WORDS.fr;
  document.documentElement.lang = state.language;
  document.title = `${data.task} · glane`;
  byId("task").textContent = data.task;
  byId("notice").textContent = data.notice?.[state.language] ?? "";
  for (const node of document.querySelectorAll("[data-word]")) node.textContent = words[node.dataset.word];
  for (const node of document.querySelectorAll("[data-label]")) node.setAttribute("aria-label", words[node.dataset.label]);
  for (const language of ["fr", "en"]) byId(language).setAttribute("aria-pressed", String(language === state.language));
  byId("reviewer").value = state.reviewer;
  byId("reviewer").placeholder = words.reviewerHint;
  byId("shortcuts").checked = state.shortcuts;
  const isAllBlind = data.documents.every(isBlind);
  const isShown = ([keys]) => !(keys === "1 2" && !data.adjudicates) && !(isAllBlind && ["a", "Maj a", "Shift a"].includes(keys)); // nothing there to accept
  byId("keys").replaceChildren(...words.keys.filter(isShown).flatMap(([keys, what]) => [make("span", {}, ...keys.split(" ").map((key) => make("kbd", {}, key)), ` ${what}`)]));
  byId("explained").replaceChildren(make("dl", {}, ...words.explained.filter(isShown).flatMap(([key, what]) => [make("dt", {}, make("kbd", {}, key)), make("dd", {}, what)])));
  byId("list").replaceChildren(...data.documents.map((one, i) =>
    make("li", {}, make("button", { type: "button", onclick: () => goTo(i) }, make("i", { "aria-hidden": "true" }), make("span", { class: "id" }, one.id), make("span", { class: "stage" })))));
  data.documents.forEach((_, i) => showInList(i));
  showDocument();
}

function showInList(place) {
  const { id } = data.documents[place];
  const button = byId("list").children[place].firstChild;
  const [n, stage] = [numDecided(id), stageOf(id)];
  button.className = stage;
  button.lastChild.textContent = stage === "some" ? `${n}/${namesOf(data.documents[place]).length}` : "";
  button.setAttribute("aria-label", `${id}, ${words.state[stage]}`);
  button.title = `${id} · ${words.state[stage]}`;
}

function showDocument() {
  const here = documentHere();
  byId("list").querySelector("[aria-current]")?.removeAttribute("aria-current");
  const button = byId("list").children[state.place].firstChild;
  button.setAttribute("aria-current", "true");
  button.scrollIntoView({ block: "nearest" });
  byId("title").textContent = here.id;
  byId("place").textContent = words.documentOf(state.place + 1, data.documents.length) + (here.readings ? ` · ${words.adjudication}` : isBlind(here) ? ` · ${words.blind}` : "");
  byId("context").replaceChildren(...Object.entries(here.context).flatMap(([name, value]) => [make("div", {}, make("dt", {}, name), make("dd", {}, value))]));
  const passages = fieldNames.flatMap((field) => foundOf(here, field).passages.map((one) => ({ ...one, field })));
  showText(byId("text"), here.text, passages);
  byId("text").scrollTop = 0;
  showDecisions();
  focusField();
}

function showDecisions() {
  showInList(state.place);
  const [done, all] = [numDone(), data.documents.length];
  byId("done").textContent = `${done} / ${all}`;
  byId("count").textContent = words.doneOf(done, all);
  byId("progress").setAttribute("aria-valuenow", done);
  byId("progress").setAttribute("aria-valuemax", all);
  byId("progress").setAttribute("aria-valuetext", words.doneOf(done, all));
  byId("progress").firstElementChild.style.width = `${(100 * done) / all}%`;
  byId("rest").replaceChildren(words.rest, " ", make("kbd", {}, state.language === "fr" ? "Maj a" : "Shift a"));
  byId("rest").hidden = stageOf(documentHere().id) === "all" || isBlind(documentHere());
  byId("next").replaceChildren(words.next, " ", make("kbd", {}, "n"));
  byId("next").className = stageOf(documentHere().id) === "all" ? "main" : "";
  showFields();
}

function showFields() {
  byId("document-signs").replaceChildren(...documentSigns(documentHere()).map((sign) => make("p", { class: "sign", role: "note" }, sign)));
  byId("fields").replaceChildren(...namesHere().map(showField));
  const first = lightUp(byId("text"), "active", fieldHere());
  first?.scrollIntoView({ block: "nearest" });
  if (first) centre(byId("text"), first);
}

function centre(box, mark) {
  const [outer, inner] = [box.getBoundingClientRect(), mark.getBoundingClientRect()];
  if (inner.top < outer.top + 40 || inner.bottom > outer.bottom - 40) box.scrollTop += inner.top - outer.top - outer.height / 3;
}

function showField(name, index) {
  const schema = data.fields[name];
  const here = documentHere();
  const found = foundOf(here, name);
  const decision = decided(here.id)[name];
  const isActive = index === state.field;
  const light = (item) => {
    const className = isActive ? "item" : "hinted";
    const first = lightUp(byId("text"), className, item === null ? null : name, item);
    if (first) centre(byId("text"), first);
  };
  const kind = decision ? { accepted: "accepted", corrected: "corrected", given: "given", missing: "missing" }[decision.decision] : "open";
  const head = make("div", { class: "line" }, make("h3", { title: schema.description || null }, name), showConfidence(found.confidence),
    make("span", { class: "verdict" }, decision ? words[kind] : ""));
  const answer = answerNow(found, decision);
  const value = make("div", { class: "value" }, showDecided(schema, decision, answer, light));
  const before = decision && decision.decision !== "accepted" && !isBlind(here) ? make("div", { class: "before" }, `${words.was} `, make("s", {}, showAnswer(schema, found.answer))) : null;
  const signs = fieldSigns(here, name);
  const card = make("li", { class: `field ${kind}`, tabindex: isActive ? "0" : "-1", "aria-current": isActive ? "true" : null, "data-field": name,
    "aria-label": [name, value.textContent, decision ? words[kind] : words.state.none, ...signs].join(". "),
    onmouseenter: () => lightUp(byId("text"), "hinted", name), onmouseleave: () => lightUp(byId("text"), "hinted", null),
    onclick: (event) => { if (!isActive && !event.target.closest("button")) goToField(index); } },
  head, schema.description && isActive ? make("p", { class: "description" }, schema.description) : null, value, before);
  card.append(...signs.map((sign) => make("p", { class: "sign", role: "note" }, sign)));
  if (!isActive) return card;
  for (const quote of showQuotes(schema, found.passages)) card.append(quote);
  for (const line of found.derived) card.append(make("p", { class: "others" }, line));
  if (found.conflicts.length) card.append(make("p", { class: "others" }, `${words.others} ${found.conflicts.join(" · ")}`));
  if (here.readings) card.append(showReadings(schema, here.readings[name], decision));
  card.append(editing ? showEditor(name, schema, decision, answer) : showButtons());
  return card;
}

// What stands in a field now: the model's answer or the reader's, null where it is missing, undefined where nothing is said.
function answerNow(found, decision) {
  if (!decision || decision.decision === "accepted") return found.answer;
  return decision.decision === "missing" ? null : decision.answer;
}

function showDecided(schema, decision, answer, light) {
  if (decision?.decision === "missing") return make("span", { class: "no-value" }, words.reasons[decision.reason]);
  if (answer === undefined) return make("span", { class: "no-value" }, words.toAnswer);
  return showAnswer(schema, answer, light);
}

function showConfidence(confidence) {
  if (confidence === null || confidence === undefined) return null;
  const percent = Math.floor(100 * confidence); // 99.9 % is not certain
  const fill = make("span", { class: "fill" });
  fill.style.width = `${100 * confidence}%`;
  const level = confidence < 0.6 ? "low" : confidence < 0.9 ? "middling" : "high";
  return make("span", { class: `confidence ${level}`, title: words.confidence, role: "img", "aria-label": `${words.confidence} ${percent} %` }, make("span", { class: "track" }, fill), `${percent} %`);
}

function showQuotes(schema, passages) {
  const lost = passages.filter((one) => one.start === null && one.alignment);
  const quoted = schema.type === "list" || schema.type === "object" ? [] : passages.filter((one) => one.start !== null);
  const quotes = quoted.map((one) => make("blockquote", {}, one.quote));
  return lost.length ? [...quotes, make("p", { class: "others" }, words.notFound)] : quotes;
}

// The readings that differ, side by side; the page does not know whose they are.
function showReadings(schema, readings, decision) {
  const items = readings.map((one, place) => {
    const isChosen = decision !== undefined && JSON.stringify(decision) === JSON.stringify(one);
    const value = make("div", { class: "value" }, showDecided(schema, one, answerNow(UNKNOWN, one)));
    return make("button", { type: "button", class: "candidate", "aria-pressed": String(isChosen), onclick: () => choose(place) }, make("kbd", {}, String(place + 1)), value);
  });
  return make("div", { class: "readings", role: "group", "aria-label": words.readings }, ...items);
}

function showButtons() {
  const button = (word, key, action, className) => make("button", { type: "button", class: className, onclick: action }, words[word], " ", make("kbd", {}, key));
  const isNew = isBlind(documentHere());
  const yes = isNew ? null : button("accept", "a", accept, "main");
  const word = documentHere().readings ? "otherwise" : "answer";
  const other = isNew ? button(word, "c", () => edit("correct"), documentHere().readings ? "" : "main") : button("correct", "c", () => edit("correct"), "");
  return make("div", { class: "buttons" }, yes, other, button("miss", "m", () => edit("missing"), ""));
}

function edit(what) {
  editing = what;
  showFields();
  const form = byId("fields").querySelector("form");
  const first = firstInput(form);
  first?.focus();
  first?.select?.();
  form.scrollIntoView({ block: "nearest" });
}

function showEditor(name, schema, decision, answer) {
  const reasons = schema.missing.length ? schema.missing : Object.keys(words.reasons);
  const found = foundOf(documentHere(), name).answer;
  // A blind reader says why, too: the page proposes a reason only where there is no other.
  const proposed = found !== undefined || reasons.length === 1 ? reasons[0] : null;
  const editor = editing === "missing"
    ? choiceEditor(reasons.map((one) => [one, words.reasons[one], words.reasonsLong[one]]), decision?.reason ?? unwrap(schema, found).missing ?? proposed, words.why)
    : answerEditor(schema, decision?.decision === "missing" ? found : answer, name);
  const complaint = make("p", { class: "complaint", role: "alert" });
  const confirm = (event) => {
    event.preventDefault();
    const isMissing = editing === "missing";
    form.querySelector("[aria-invalid]")?.removeAttribute("aria-invalid");
    try {
      const read = editor.read();
      decide({ [name]: isMissing ? { decision: "missing", reason: read } : decisionOf(read, found) });
    } catch (wrong) {
      if (!(wrong instanceof Wrong)) throw wrong;
      complaint.textContent = wrong.message;
      wrong.input.setAttribute("aria-invalid", "true");
      wrong.input.focus();
    }
  };
  const leave = () => { editing = null; showFields(); focusField(); };
  const form = make("form", { onsubmit: confirm }, editing === "missing" ? make("p", { class: "why" }, words.why) : null, editor.node, complaint,
    make("div", { class: "buttons" }, make("button", { class: "main" }, words.confirm, " ", make("kbd", {}, "↵")), make("button", { type: "button", onclick: leave }, words.cancel, " ", make("kbd", {}, "esc"))));
  form.addEventListener("keydown", (event) => {
    event.stopPropagation();
    if (event.key === "Escape") leave();
    else if (event.key === "Enter" && !event.shiftKey && !event.isComposing && event.target.tagName !== "BUTTON") confirm(event);
  });
  return form;
}

function decisionOf(read, found) {
  if (found === undefined) return { decision: "given", answer: read };
  return sameAnswer(read, found) ? { decision: "accepted" } : { decision: "corrected", answer: read };
}

const sameAnswer = (one, other) => JSON.stringify(one) === JSON.stringify(other);

function focusField() {
  const card = byId("fields").children[state.field];
  card.focus({ preventScroll: true });
  card.scrollIntoView({ block: "nearest" });
}

// --- Keys and buttons ---

const KEYS = {
  j: () => goToField(state.field + 1), k: () => goToField(state.field - 1), n: goOn, p: () => goTo(state.place - 1),
  ...Object.fromEntries([...Array(9).keys()].map((place) => [String(place + 1), () => choose(place)])),
  a: accept, A: acceptRest, c: () => edit("correct"), m: () => edit("missing"), u: undo, s: save, "?": () => byId("manual").showModal(),
};
const ARROWS = { ArrowDown: KEYS.j, ArrowUp: KEYS.k, ArrowRight: KEYS.n, ArrowLeft: KEYS.p };

document.addEventListener("keydown", (event) => {
  const isTyping = event.target.closest?.("input, textarea, select, dialog");
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey || byId("manual").open) return;
  const action = ARROWS[event.key] && !event.target.closest("#text") ? ARROWS[event.key] : state.shortcuts || event.key === "?" ? KEYS[event.key] : null;
  if (!action) return;
  event.preventDefault();
  action();
});
byId("text").addEventListener("click", (event) => {
  const passage = event.target.passages?.[0];
  if (passage && !String(getSelection())) goToField(namesHere().indexOf(passage.field));
});
byId("reviewer").addEventListener("input", (event) => { state.reviewer = event.target.value; keep(); });
byId("reviewer").addEventListener("keydown", (event) => { if (event.key === "Enter") focusField(); });
for (const language of ["fr", "en"]) byId(language).addEventListener("click", () => { state.language = language; keep(); showAll(); });
byId("save").addEventListener("click", save);
byId("load").addEventListener("click", () => byId("file").click());
byId("file").addEventListener("change", (event) => { const [file] = event.target.files; event.target.value = ""; if (file) load(file); });
byId("help").addEventListener("click", KEYS["?"]);
byId("manual").addEventListener("close", focusField);
byId("shortcuts").addEventListener("change", (event) => { state.shortcuts = event.target.checked; keep(); });
byId("forget").addEventListener("click", () => {
  if (!window.confirm(words.forgetSure)) return;
  Object.assign(state, { decisions: {}, reviewer: "", place: 0, field: 0 });
  trail.length = 0;
  try { localStorage.removeItem(storageKey); } catch { /* it keeps nothing */ }
  byId("manual").close();
  showAll();
  say(words.forgotten);
});
byId("rest").addEventListener("click", acceptRest);
byId("next").addEventListener("click", goOn);

restore();
showAll();
if (Object.keys(state.decisions).length) say(words.restored(Object.keys(state.decisions).length));
