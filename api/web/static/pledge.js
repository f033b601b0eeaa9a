// A slider through the life of a pledge. Without this, a list and a button ask for the same pages.
const form = document.getElementById("life");
const settled = 150; // milliseconds on one step
let waiting;
let asking;

if (form) {
  const steps = form.elements.version;
  const told = document.createElement("output");
  const slider = document.createElement("input");
  slider.type = "range";
  slider.id = steps.id;
  slider.min = 0;
  slider.max = steps.options.length - 1;
  slider.value = steps.selectedIndex;
  told.htmlFor = slider.id;
  steps.removeAttribute("id");
  steps.hidden = true;
  steps.after(slider, told);
  form.querySelector(".send").hidden = true;
  tell();

  slider.addEventListener("input", () => {
    steps.selectedIndex = Number(slider.value);
    tell();
    clearTimeout(waiting);
    waiting = setTimeout(show, settled);
  });

  function tell() {
    const words = steps.options[steps.selectedIndex].text;
    told.textContent = words;
    slider.setAttribute("aria-valuetext", words);
  }

  async function show() {
    asking?.abort();
    asking = new AbortController();
    const address = addressOf(steps);
    document.getElementById("state").setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(address, { signal: asking.signal });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (!answer.ok || !page.getElementById("state")) throw new Error(answer.statusText);
      replace(page);
      history.replaceState(null, "", address);
    } catch (failed) {
      if (failed.name !== "AbortError") location.assign(address); // there it is said what went wrong
    }
  }

  function addressOf(steps) {
    const said = new URLSearchParams(new FormData(form));
    if (steps.selectedIndex === steps.options.length - 1) said.delete("version");
    return said.size ? `${form.getAttribute("action")}?${said}` : form.getAttribute("action");
  }
}

function replace(page) {
  for (const selector of ["#heading", "#state", ".timeline", ".downloads", ".actions", ".languages ul", ".moment .choice form"]) {
    const [old, fresh] = [document.querySelector(selector), page.querySelector(selector)];
    if (old && fresh) old.replaceWith(document.adoptNode(fresh));
  }
  document.querySelector(".actions")?.toggleAttribute("hidden", !page.querySelector(".actions"));
  document.title = page.title;
}
