// Says that something happened since the page was made, as soon as it does: server-sent events from this page's position on.
const list = document.querySelector("[data-stream]");
const news = document.querySelector(".news");

if (list && news && "EventSource" in window) {
  const stream = new EventSource(list.dataset.stream);
  // Events are named after what happened, so each kind is listened to by its name; the names are the ledger's own.
  const kinds = ["announced", "validated", "declined", "scaled_up", "scaled_down", "partially_fulfilled", "reported",
    "fulfilled", "contribution_verified", "contribution_queried", "corrected", "amended", "withdrawn"];
  const names = [...kinds.map((kind) => `pledge.${kind}.v1`), "snapshot.published.v1", "organisation.registered.v1"];
  const tell = () => {
    news.hidden = false;
    stream.close();
  };
  for (const name of names) stream.addEventListener(name, tell);
  addEventListener("pagehide", () => stream.close());
}
