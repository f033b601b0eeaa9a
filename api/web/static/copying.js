// Buttons that copy a text stand only where a script can do that; without one, a text is marked and copied by hand.
if (navigator.clipboard) {
  for (const line of document.querySelectorAll(".copy")) {
    const status = line.querySelector("[role=status]");
    line.hidden = false;
    for (const button of line.querySelectorAll("[data-copy]")) {
      button.addEventListener("click", async () => {
        await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).value);
        status.textContent = status.dataset.said;
      });
    }
  }
}
