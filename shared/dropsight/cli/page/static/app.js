// Starts the page: the list is kept by the event stream, the address says which result is shown.

import { drawDetail, drawEmpty } from "./detail.js";
import { neighbour, newest, select, summaryOf, take } from "./list.js";
import { loadModels } from "./models.js";
import { setUpUpload } from "./upload.js";

const main = document.getElementById("detail");
const wide = matchMedia("(min-width: 861px)");
let drawn = null; // the id that `main` shows

const asked = () => location.hash.match(/^#\/r\/([a-z0-9]+)$/)?.[1] ?? null;

async function show() {
  const id = asked() ?? (wide.matches ? newest()?.resultId : undefined) ?? null;
  document.body.classList.toggle("reading", asked() !== null);
  select(id);
  if (id === null) {
    drawn = null;
    drawEmpty(main, "Drop a file, get sight", "Drop a scan or a photo anywhere on this page.");
    return;
  }
  const answer = await fetch(`api/results/${id}`);
  if (id !== (asked() ?? newest()?.resultId)) return; // the user went on meanwhile
  if (!answer.ok) {
    drawEmpty(main, "There is no such result", `Nothing is known of ${id}.`);
    return;
  }
  drawDetail(main, await answer.json());
  if (drawn !== id) scrollTo({ top: 0 });
  drawn = id;
}

function follow(revision) {
  const live = document.getElementById("live");
  const say = (text, state) => {
    live.textContent = text;
    live.className = `live ${state}`;
  };
  const events = new EventSource(`api/events?since=${revision}`);
  events.onopen = () => say("Live", "on");
  events.onerror = () => say("Not connected; trying again", "off");
  events.onmessage = (event) => {
    const changed = JSON.parse(event.data);
    const before = newest()?.resultId;
    take(changed);
    const touched = changed.some((one) => one.resultId === drawn);
    if (touched || (asked() === null && newest()?.resultId !== before)) show();
  };
}

addEventListener("hashchange", show);
wide.addEventListener("change", show);
addEventListener("keydown", (event) => {
  if (event.target.matches("input, select, textarea") || event.metaKey || event.ctrlKey || event.altKey) return;
  const step = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 }[event.key];
  if (step) {
    const id = neighbour(step);
    if (!id) return;
    event.preventDefault();
    location.hash = `#/r/${id}`;
    document.querySelector(`a[href="#/r/${id}"]`)?.scrollIntoView({ block: "nearest" });
  }
  if (event.key === "Escape" && summaryOf(asked())) location.hash = "#/";
});

setUpUpload(await loadModels());
const { results, revision } = await (await fetch("api/results?limit=300")).json();
take(results);
await show();
follow(revision);
