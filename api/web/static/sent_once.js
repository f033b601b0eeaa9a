// A form is sent once, however often its button is pressed: what the first answer shows would be lost by a second one.
const forms = document.querySelectorAll("form[data-once]");

for (const form of forms) {
  form.addEventListener("submit", (event) => {
    if ("sent" in form.dataset) event.preventDefault();
    form.dataset.sent = "";
  });
}

// Who comes back to the page can send them again.
addEventListener("pageshow", () => forms.forEach((form) => delete form.dataset.sent));
