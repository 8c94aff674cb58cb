// On paper: every document with its fields, not only the one on the screen.

function printedField(one, name) {
  const [schema, decision, found] = [data.fields[name], decided(one.id)[name], foundOf(one, name)];
  const verdict = decision ? ` · ${words[decision.decision]}` : "";
  const readings = (one.readings?.[name] ?? []).map((reading) => make("li", {}, showDecided(schema, reading, answerNow(UNKNOWN, reading))));
  const isOpen = !decision && isBlind(one);
  return make("li", { class: "field" }, make("h3", {}, name + verdict),
    readings.length ? make("ol", { class: "readings" }, ...readings) : null,
    ...(isBlind(one) ? [] : fieldSigns(one, name)).map((sign) => make("p", { class: "sign" }, sign)),
    isOpen ? make("div", { class: "to-answer" }) : make("div", { class: "value" }, showDecided(schema, decision, answerNow(found, decision))));
}

function printedDocument(one, place) {
  const context = Object.entries(one.context).map(([name, value]) => make("div", {}, `${name} : ${value}`));
  return make("section", {}, make("h2", {}, one.id), make("p", {}, words.documentOf(place + 1, data.documents.length)), ...context, ...documentSigns(one).map((sign) => make("p", { class: "sign" }, sign)),
    make("div", { class: "text" }, one.text), make("ol", {}, ...namesOf(one).map((name) => printedField(one, name))));
}

window.addEventListener("beforeprint", () => byId("printed").replaceChildren(...data.documents.map(printedDocument)));
window.addEventListener("afterprint", () => byId("printed").replaceChildren());
