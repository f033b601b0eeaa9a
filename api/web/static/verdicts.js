// Verdicts in the visitor's language: a symbol and a sentence that the page brought along, with its values filled in.

const SYMBOLS = { holds: "\u2713", wrong: "\u2717", unknown: "?" };

// As the pages themselves write it: the United Nations write English as in Britain.
const language = { en: "en-GB" }[document.documentElement.lang] ?? document.documentElement.lang;
const numbers = new Intl.NumberFormat(language);
const hours = new Intl.DateTimeFormat(language, { timeStyle: "short" });
const instants = new Intl.DateTimeFormat(language, { dateStyle: "long", timeStyle: "short" });

// The sentence of a name, from the template in which all of them are.
export function sentence(name, values = {}) {
  const source = document.querySelector("template[data-sentences]").content.querySelector(`[data-name="${name}"]`);
  return source.textContent.replace(/\{(\w+)\}/g, (placeholder, key) => (key in values ? told(values[key]) : placeholder));
}

// Only the time of the day, where it is now.
export function now() {
  return hours.format(new Date());
}

// Shows what a check came to, in the place for it: what kind of verdict, and its sentences.
export function show(place, kind, sentences) {
  place.dataset.verdict = kind;
  place.replaceChildren(...sentences.map((text, at) => paragraph(text, at ? null : SYMBOLS[kind])));
}

// The symbol beside something that was checked, with what it means for those who do not see it.
export function mark(place, kind, text) {
  place.dataset.verdict = kind;
  place.replaceChildren(symbol(SYMBOLS[kind]), document.createTextNode(` ${text}`));
}

function told(value) {
  if (typeof value === "number") return numbers.format(value);
  return value instanceof Date ? instants.format(value) : String(value);
}

function paragraph(text, sign) {
  const element = document.createElement("p");
  if (sign) element.append(symbol(sign), " ");
  element.append(text);
  return element;
}

function symbol(sign) {
  const element = document.createElement("span");
  element.className = "symbol";
  element.setAttribute("aria-hidden", "true");
  element.textContent = sign;
  return element;
}
