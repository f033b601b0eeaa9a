// Looks for pledges as somebody types or chooses. Without this, the buttons ask for the same page.
const form = document.getElementById("filters");
const replaced = ["#results", "#facets", "label[for=show-filters]", ".languages ul", ".moment .choice form"];
const settled = 250; // milliseconds without another letter
let waiting;
let asking;

document.documentElement.classList.add("live");

form.addEventListener("submit", (event) => {
  event.preventDefault();
  show();
});
form.elements.q.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(show, settled);
});
document.addEventListener("change", (event) => {
  if (event.target.form === form && event.target.id !== "q") show();
});

// Somebody may have typed before this was here, or the browser may have kept what they typed.
if (form.elements.q.value !== form.elements.q.defaultValue) show();

async function show() {
  clearTimeout(waiting);
  asking?.abort();
  asking = new AbortController();
  const address = addressOf(new FormData(form));
  document.getElementById("results").setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(address, { signal: asking.signal });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (!answer.ok || !page.getElementById("results")) throw new Error(answer.statusText);
    replace(page);
    history.replaceState(null, "", address);
    document.getElementById("count").textContent = document.getElementById("results").dataset.count;
  } catch (failed) {
    if (failed.name !== "AbortError") location.assign(address); // there it is said what went wrong
  }
}

function addressOf(fields) {
  const said = new URLSearchParams([...fields].filter(([, value]) => value !== ""));
  if (said.get("sort") === form.elements.sort.options[0].value) said.delete("sort");
  return said.size ? `${form.getAttribute("action")}?${said}` : form.getAttribute("action");
}

// What somebody unfolded, scrolled to and stands on stays so.
function replace(page) {
  const focused = document.activeElement?.id;
  const unfolded = new Map([...document.querySelectorAll("#facets details")].map((part) => [part.id, part.open]));
  const scrolled = new Map([...document.querySelectorAll("#facets details")].map((part) => [part.id, part.querySelector("fieldset").scrollTop]));
  for (const selector of replaced) {
    const [old, fresh] = [document.querySelector(selector), page.querySelector(selector)];
    if (old && fresh) old.replaceWith(document.adoptNode(fresh));
  }
  for (const part of document.querySelectorAll("#facets details")) {
    if (unfolded.has(part.id)) part.open = unfolded.get(part.id);
    part.querySelector("fieldset").scrollTop = scrolled.get(part.id) ?? 0;
  }
  if (focused && document.activeElement?.id !== focused) document.getElementById(focused)?.focus({ preventScroll: true });
}
