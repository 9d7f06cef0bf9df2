// One result in full.

import { bar, card, element, facts } from "./dom.js";
import { label, modelNamed } from "./models.js";
import { stageCard } from "./stage.js";
import { bytes, clock, failure, fileName, milliseconds, moment, percent, sentence, spaced, STATUS, step, value } from "./words.js";

/** Draw `result` (a whole document) into the page. */
export function drawDetail(main, result) {
  const stage = stageCard(result);
  const left = [result.error ? failureCard(result) : null, stage, stage ? null : fileCard(result)];
  const right = [findingsCard(result), timelineCard(result), stage ? fileCard(result) : null];
  const below = [studyCard(result), provenanceCard(result), modelCard(result), artifactsCard(result)];
  const column = (cards) => element("div", { class: "stack" }, ...cards.filter(Boolean));
  main.replaceChildren(
    element("a", { class: "back", href: "#/" }, "‹ All results"),
    head(result),
    element(
      "div",
      { class: "split" },
      column(stage ? [...left, below[1]] : left),
      column(stage ? [...right, below[0], below[2], below[3]] : [...right, ...below]),
    ),
  );
}

export function drawEmpty(main, title, text) {
  main.replaceChildren(
    element("div", { class: "empty" }, element("h2", {}, title), element("p", {}, text)),
  );
}

function head(result) {
  const { source, model } = result;
  const about = [
    model ? `${model.name} ${model.version}` : null,
    source.format ? source.format.toUpperCase() : null,
    result.width ? `${result.width} × ${result.height} pixels` : null,
    result.frames > 1 ? `${result.frames} frames` : null,
    clock(result.timestamps.queued ?? result.timestamps.failed),
  ];
  return element(
    "header",
    { class: "head" },
    element("h1", {}, fileName(source.object)),
    element("span", { class: `pill ${result.status}` }, STATUS[result.status]),
    element("p", { class: "meta" }, about.filter(Boolean).join("  ·  ")),
  );
}

function failureCard({ error }) {
  return element(
    "section",
    { class: "card failure", role: "alert" },
    element("h2", {}, failure(error.code)),
    element("p", {}, `${error.message[0].toUpperCase()}${error.message.slice(1)}.`.replace(/([.!?])\.$/, "$1")),
    element("p", { class: "code" }, element("code", {}, error.code), ` at ${error.stage}`,
      error.retryable ? "; it may succeed when it is tried again" : "; the file stays where it is"),
  );
}

function findingsCard(result) {
  if (result.status === "failed" && !result.findings.length) return null;
  if (result.status === "queued") {
    return card("Findings", null, element("p", { class: "soft" }, "The model has not answered yet."));
  }
  const positive = result.findings.filter((one) => one.positive);
  const verdict = positive.length
    ? element("p", { class: "verdict found" }, `Found: ${[...new Set(positive.map((one) => label(result.model.name, one.label)))].join(", ")}`)
    : element("p", { class: "verdict clear" }, "Nothing found");
  // Of objects, only those that are shown: the candidates behind them may be a thousand.
  const listed = result.candidates ? positive : [...result.findings];
  const strongest = listed.sort((a, b) => b.probability - a.probability);
  return card("Findings", result.candidates ? "score" : "calibrated probability", verdict, ...strongest.map((one) => finding(result, one)));
}

function finding(result, one) {
  const marks = [];
  if (one.threshold !== null) {
    const tick = element("div", { class: "tick" });
    tick.style.left = `${one.threshold * 100}%`;
    marks.push(tick);
  }
  const against = one.threshold === null
    ? ""
    : `${one.positive ? "Positive: at or above" : "Negative: below"} the operating point of ${percent(one.threshold)}`;
  return element(
    "div",
    { class: `finding${one.positive ? " positive" : ""}` },
    element("span", { class: "label" }, label(result.model.name, one.label),
      result.frames > 1 ? ` (frame ${one.frame + 1})` : null),
    element("span", { class: "value" }, percent(one.probability)),
    bar(one.probability, ...marks),
    element("small", {}, against),
  );
}

function timelineCard(result) {
  const stages = Object.entries(result.timeline);
  if (!stages.length) return null;
  const longest = Math.max(...stages.map(([, took]) => took), 1);
  const { queued, predicted, explained } = result.timestamps;
  const whole = predicted && queued ? `${milliseconds((predicted - queued) * 1000)} to the finding` : null;
  const reasons = explained && queued ? `, ${milliseconds((explained - queued) * 1000)} to the reasons` : "";
  return card(
    "Time",
    whole ? whole + reasons : null,
    element("div", { class: "stages" }, ...stages.flatMap(([name, took]) => [
      element("span", { class: "mono" }, name),
      bar(took / longest),
      element("span", { class: "ms" }, milliseconds(took)),
    ])),
  );
}

function studyCard({ study }) {
  if (!study) return null;
  const rows = Object.entries(study).filter(([name, one]) => name !== "attributes" && one);
  const more = Object.entries(study.attributes ?? {});
  if (!rows.length && !more.length) return null;
  return card(
    "Study",
    "de-identified",
    facts([...rows.map(([name, one]) => [sentence(spaced(name)), String(one)]), ...more.map(([name, one]) => [spaced(name), one])]),
  );
}

function provenanceCard(result) {
  if (!result.provenance.length) return null;
  return card(
    "How the pixels were made",
    "from stored value to model input",
    element("ol", { class: "steps" }, ...result.provenance.map((one) =>
      element("li", {}, element("strong", {}, step(one.step)),
        element("span", { class: "mono" }, Object.entries(one.parameters).map(([name, it]) => `${name} ${value(it)}`).join(", "))))),
  );
}

function modelCard({ model }) {
  if (!model) return null;
  const bundle = modelNamed(model.name);
  return card(
    "Model",
    null,
    facts([
      ["Name", `${model.name} ${model.version}`],
      ["Intended use", bundle?.intendedUse.trim()],
      ["Licence", bundle?.licence],
      ["Runtime", model.runtime],
      ["Digest", element("code", { title: model.digest }, `${model.digest.slice(0, 16)}…`)],
      ["Card", bundle?.card ? element("a", { href: `models/${model.name}/card`, target: "_blank", rel: "noopener" }, "How it was made and tested") : null],
    ]),
  );
}

function fileCard({ source, resultId, timestamps }) {
  return card(
    "File",
    null,
    facts([
      ["Object", source.object],
      ["Generation", String(source.generation)],
      ["Size", bytes(source.size)],
      ["Transfer syntax", source.transferSyntax],
      ["SHA-256", source.sha256 ? element("code", { title: source.sha256 }, `${source.sha256.slice(0, 16)}…`) : null],
      ["Result", element("code", {}, resultId)],
      ...Object.entries(timestamps).sort((a, b) => a[1] - b[1]).map(([name, at]) => [sentence(name), moment(at)]),
    ]),
  );
}

function artifactsCard({ artifacts }) {
  if (!artifacts.length) return null;
  return card(
    "Files made",
    null,
    element("ul", {}, ...artifacts.map((one) =>
      element("li", {}, element("a", { href: `artifacts/${one.bucket}/${one.object}`, target: "_blank", rel: "noopener" }, one.name),
        element("span", { class: "soft" }, `  ${bytes(one.size)}`)))),
  );
}
