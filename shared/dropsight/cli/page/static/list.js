// The list of results, newest first.

import { element } from "./dom.js";
import { label } from "./models.js";
import { clock, failure, fileName, percent, STATUS } from "./words.js";

const SHOWN = 300;
const FILTERS = {
  All: () => true,
  Findings: (one) => one.findings.some((finding) => finding.positive),
  Clear: (one) => one.status !== "queued" && one.status !== "failed" && !FILTERS.Findings(one),
  Failed: (one) => one.status === "failed",
};

const results = new Map();
let filter = "All";
let current = null;

export const summaryOf = (id) => results.get(id);
export const newest = () => sorted()[0];

/** Take new or changed summaries and draw the list again. */
export function take(summaries) {
  for (const one of summaries) {
    if (one.status === "deleting" || one.status === "deleted") results.delete(one.resultId);
    else results.set(one.resultId, one);
  }
  draw();
}

export function select(id) {
  current = id;
  draw();
}

/** The id of the result `step` places further down in the list as it is shown. */
export function neighbour(step) {
  const ids = sorted().filter(FILTERS[filter]).map((one) => one.resultId);
  const at = ids.indexOf(current);
  return ids[Math.max(0, Math.min(ids.length - 1, at < 0 ? 0 : at + step))];
}

const sorted = () => [...results.values()].sort((a, b) => b.queuedAt - a.queuedAt);

function draw() {
  const all = sorted();
  const buttons = Object.entries(FILTERS).map(([name, test]) =>
    element(
      "button",
      {
        type: "button",
        "aria-pressed": String(name === filter),
        onclick: () => {
          filter = name;
          draw();
        },
      },
      name,
      element("b", {}, String(all.filter(test).length)),
    ),
  );
  keepFocus(document.getElementById("filters"), buttons);
  const shown = all.filter(FILTERS[filter]).slice(0, SHOWN);
  keepFocus(document.getElementById("rows"), shown.map(row));
  const empty = document.getElementById("empty");
  empty.hidden = shown.length > 0;
  empty.textContent = all.length
    ? "Nothing here with this filter."
    : "No results yet. Drop a file on this page, or copy one into the bucket folder.";
}

/** Replace the children, and give the focus back to the one at the same key. */
function keepFocus(parent, children) {
  const at = [...parent.querySelectorAll("a, button")].indexOf(document.activeElement);
  const key = document.activeElement?.getAttribute?.("href");
  parent.replaceChildren(...children);
  if (at < 0) return;
  const again = key ? parent.querySelector(`a[href="${key}"]`) : parent.children[at];
  again?.focus({ preventScroll: true });
}

function row(one) {
  const link = element(
    "a",
    {
      class: "row",
      href: `#/r/${one.resultId}`,
      "aria-current": one.resultId === current ? "true" : null,
    },
    one.display
      ? element("img", { class: "thumb", src: one.display, alt: "", loading: "lazy", decoding: "async" })
      : element("span", { class: "thumb none" }),
    element("span", { class: "name", title: one.object }, fileName(one.object)),
    element("span", { class: "time" }, clock(one.queuedAt)),
    words(one),
    element("span", { class: `pill ${one.status}` }, STATUS[one.status]),
  );
  return element("li", {}, link);
}

function words(one) {
  if (one.status === "failed") {
    return element("span", { class: "words bad" }, failure(one.errorCode));
  }
  if (one.status === "queued") return element("span", { class: "words" }, one.model ?? "");
  const positive = one.findings.filter((finding) => finding.positive);
  if (!positive.length) return element("span", { class: "words" }, "Nothing found");
  positive.sort((a, b) => b.probability - a.probability);
  const [first] = positive;
  const more = positive.length > 1 ? ` + ${positive.length - 1}` : "";
  return element(
    "span",
    { class: "words found" },
    `${label(one.model, first.label)} ${percent(first.probability)}${more}`,
  );
}
