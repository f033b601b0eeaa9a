// What forms for recording gain where scripts run: the summary of errors is read first, rows are added in place, and
// what was typed survives a crash. All of it works without, too.

const DRAFTS = "p2c-draft:";
const NEVER_KEPT = new Set(["form_token", "kept", "add"]);

document.getElementById("summary")?.focus();

for (const form of document.querySelectorAll("form[data-draft]")) {
  form.addEventListener("click", (event) => {
    const button = event.target.closest('button[name="add"]');
    if (button && addRow(button.closest("[data-rows]"))) event.preventDefault();
  });
  keepDraft(form);
}

forgetRecorded();

for (const leaving of document.querySelectorAll('form[action^="/sign-out"]')) {
  leaving.addEventListener("submit", () => drafts().forEach((key) => sessionStorage.removeItem(key)));
}

// A row is a copy of the last one, empty, under the next number.
function addRow(rows) {
  const all = [...rows.children].filter((child) => child.matches("fieldset.row"));
  const last = all.at(-1);
  if (!last) return false;
  const name = rows.dataset.rows;
  const number = all.length;
  const row = last.cloneNode(true);
  const names = [`${name}.${number - 1}`, `${name}.${number}`];
  const ids = names.map((one) => "f-" + one.replace(/[^\p{L}\p{N}]/gu, "-"));
  for (const part of [row, ...row.querySelectorAll("*")]) {
    for (const attribute of ["name", "value", "data-rows", "id", "for", "aria-describedby", "list"]) {
      const given = part.getAttribute(attribute);
      if (given === null || (attribute === "value" && part.name !== "add")) continue;
      part.setAttribute(attribute, given.replaceAll(`${names[0]}.`, `${names[1]}.`).replaceAll(ids[0], ids[1])
        .replaceAll(`section-${ids[0]}`, `section-${ids[1]}`));
    }
    if (part.matches("input[type=radio], input[type=checkbox]")) part.checked = false;
    else if (part.matches("input, textarea")) part.value = "";
    else if (part.matches("select")) part.selectedIndex = part.options.length === 2 ? 1 : 0;
    part.classList.remove("wrong");
    part.removeAttribute("aria-invalid");
  }
  for (const complaint of row.querySelectorAll(".error")) complaint.remove();
  for (const within of row.querySelectorAll("[data-rows]")) {
    [...within.children].filter((child) => child.matches("fieldset.row")).slice(1).forEach((child) => child.remove());
  }
  const legend = row.querySelector("legend");
  const numerals = new Intl.NumberFormat(document.documentElement.lang);
  legend.textContent = legend.textContent.replace(numerals.format(number), numerals.format(number + 1));
  last.after(row);
  row.querySelector("input:not([type=hidden]), select, textarea")?.focus();
  return true;
}

function keepDraft(form) {
  const key = `${DRAFTS}${form.dataset.draft}:${new URL(form.action).pathname}`;
  if ("fresh" in form.dataset) restore(form, key);
  const keep = () => {
    const fields = [...new FormData(form)].filter(([name]) => !NEVER_KEPT.has(name));
    try {
      sessionStorage.setItem(key, JSON.stringify(fields));
    } catch {
      // Where nothing can be kept, the form works as it does without scripts.
    }
  };
  form.addEventListener("input", keep);
  form.addEventListener("change", keep);
}

function restore(form, key) {
  let kept;
  try {
    kept = JSON.parse(sessionStorage.getItem(key) ?? "null");
  } catch {
    kept = null;
  }
  if (!Array.isArray(kept)) return;
  makeRoomFor(form, kept.map(([name]) => name));
  const values = Map.groupBy ? Map.groupBy(kept, ([name]) => name) : grouped(kept);
  for (const field of form.elements) {
    if (!field.name || NEVER_KEPT.has(field.name)) continue;
    const given = (values.get(field.name) ?? []).map(([, value]) => value);
    if (field.matches("input[type=radio], input[type=checkbox]")) field.checked = given.includes(field.value);
    else if (given.length) field.value = given[0];
    if (given.length && !field.matches("[type=hidden]")) field.closest("details")?.setAttribute("open", "");
  }
  const told = form.querySelector("#restored").content.cloneNode(true);
  told.querySelector("button").addEventListener("click", () => {
    sessionStorage.removeItem(key);
    location.reload();
  });
  form.prepend(told);
}

function makeRoomFor(form, names) {
  const inputs = () => new Set([...form.elements].map((field) => field.name));
  for (const name of names) {
    for (let tries = 0; tries < 50 && !inputs().has(name); tries++) {
      const rows = [...form.querySelectorAll("[data-rows]")].filter((one) => name.startsWith(`${one.dataset.rows}.`));
      const shortest = rows.sort((a, b) => b.dataset.rows.length - a.dataset.rows.length)[0];
      if (!shortest || !addRow(shortest)) break;
    }
  }
}

function grouped(pairs) {
  const found = new Map();
  for (const pair of pairs) found.set(pair[0], [...(found.get(pair[0]) ?? []), pair]);
  return found;
}

// A receipt says which form is recorded; its draft has done its work.
function forgetRecorded() {
  const recorded = document.querySelector("[data-recorded]")?.dataset.recorded;
  if (!recorded) return;
  for (const key of drafts()) {
    if (sessionStorage.getItem(key).includes(recorded)) sessionStorage.removeItem(key);
  }
}

function drafts() {
  return Object.keys(sessionStorage).filter((key) => key.startsWith(DRAFTS));
}
