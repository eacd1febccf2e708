// Keeps a page live: swaps fragments by id as the registry sends them, and says honestly how fresh the page is.
// Every page is complete without this file.
"use strict";
(() => {
  const page = document.querySelector("[data-flux]");
  if (!page || !window.EventSource) return;
  const LATE_MS = 15000;
  const live = document.getElementById("live");
  const says = document.getElementById("annonce");
  const waiting = new Map();
  let heardAt = 0;
  let hour = "";
  let source;

  const show = (late) => {
    if (!live || !hour) return;
    const text = (late ? live.dataset.late : live.dataset.live).replace("{}", hour);
    if (live.textContent !== text) live.textContent = text;
    live.classList.toggle("late", late);
    const refresh = document.getElementById("actualiser");
    if (refresh) refresh.hidden = !late;
  };

  // What has the focus is never replaced under the reader's hands; it is when they move on.
  const swap = (html) => {
    const template = document.createElement("template");
    template.innerHTML = html;
    const fresh = template.content.firstElementChild;
    const old = fresh && document.getElementById(fresh.id);
    if (!old) return;
    if (old.contains(document.activeElement)) { waiting.set(fresh.id, html); return; }
    waiting.delete(fresh.id);
    if (says && fresh.dataset.say && fresh.dataset.say !== old.dataset.say) says.textContent = fresh.dataset.say;
    old.replaceWith(fresh);
  };
  document.addEventListener("focusout", () => setTimeout(() => [...waiting.values()].forEach(swap)));

  const open = () => {
    source = new EventSource(page.dataset.flux);
    source.addEventListener("fragment", (event) => swap(event.data));
    source.addEventListener("heure", (event) => { heardAt = Date.now(); hour = event.data; show(false); });
    // The page's own frame changed (the network was declared anew): only a fresh page shows it.
    source.addEventListener("page", () => location.reload());
  };
  open();
  setInterval(() => { if (heardAt && Date.now() - heardAt > LATE_MS) show(true); }, 1000);
  // The browser tries again by itself unless it was turned away.
  setInterval(() => { if (source.readyState === EventSource.CLOSED) open(); }, LATE_MS);
})();
