// What every page gains where scripts run. Nothing here is needed to read or to send anything.

// What folds out over the page is closed again by Escape or by a click elsewhere.
for (const menu of document.querySelectorAll("details.languages, details.choice")) {
  document.addEventListener("click", (event) => {
    if (!menu.contains(event.target)) menu.open = false;
  });
  menu.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && menu.open) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });
}

// Who signs out leaves no drafts behind. What the check of the ledger remembers stays: it is about nobody.
document.querySelector("form[action^='/sign-out']")?.addEventListener("submit", () => sessionStorage.clear());
