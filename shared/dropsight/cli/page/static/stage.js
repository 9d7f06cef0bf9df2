// The picture, with an explanation over it.

import { element } from "./dom.js";
import { label } from "./models.js";
import { method, value } from "./words.js";

const FIDELITY = {
  deletion: ["Deletion AUC", "low is good"],
  insertion: ["Insertion AUC", "high is good"],
  r2: ["Surrogate fit R²", "high is good"],
};

// Kept while one goes from result to result.
let opacity = 0.85;
let preferred = { method: undefined, label: undefined, object: null }; // method null: the image alone

/** The explanation that is nearest to what was looked at last. */
const best = (ready) =>
  ready.find((one) => one.method === preferred.method && one.label === preferred.label && one.objectIndex === preferred.object)
  ?? ready.find((one) => one.method === preferred.method && one.label === preferred.label)
  ?? ready.find((one) => one.method === preferred.method)
  ?? ready[0];

/** The card with picture, switch and slider; null where there is no picture. */
export function stageCard(result) {
  const artifact = (name) => result.artifacts.find((one) => one.name === name);
  const address = (one) => `artifacts/${one.bucket}/${one.object}`;
  const display = artifact("display-0");
  if (!display) return null;

  const base = element("img", { class: "base", src: address(display), alt: `The image of ${result.source.object}` });
  const overlay = element("img", { class: "overlay", alt: "", hidden: true });
  // The overlay has margins with a colour bar and a caption right of and below the image:
  // at the same scale as the image they are outside of the stage, which cuts them off.
  overlay.addEventListener("load", () => {
    overlay.style.width = `${(overlay.naturalWidth / result.width) * 100}%`;
  });
  const stage = element("div", { class: "stage" }, base, overlay, ...boxes(result, 0));
  const film = element("div", { class: "film" }, stage);
  fit(stage, result.width, result.height);

  let frame = 0;
  const controls = element("div", { class: "controls" });
  const draw = () => {
    const here = result.explanations.filter((one) => one.frame === frame);
    const ready = here.filter((one) => one.status === "done" && artifact(one.overlay));
    const chosen = preferred.method === null ? null : (best(ready) ?? null);
    show(chosen ? artifact(chosen.overlay) : null);
    // An overlay of objects has the boxes in it, and no colour bar.
    const objects = chosen?.method === "overlay";
    stage.querySelectorAll(".box").forEach((one) => { one.hidden = objects; });
    const choice = (text, pressed, disabled, wish) =>
      element("button", { type: "button", "aria-pressed": String(pressed), disabled, onclick: () => { preferred = { ...preferred, ...wish }; draw(); } }, text);
    const methods = [...new Set(here.map((one) => one.method))];
    const siblings = here.filter((one) => one.method === chosen?.method);
    controls.replaceChildren(
      ...[
        result.frames > 1 ? frames(result.frames, frame, (next) => { frame = next; turn(); draw(); }) : null,
        methods.length
          ? element("div", { class: "switch", role: "group", "aria-label": "Explanation" },
              choice("Image only", !chosen, false, { method: null }),
              ...methods.map((name) => {
                const states = here.filter((one) => one.method === name).map((one) => one.status);
                const state = states.includes("done") ? "" : states.includes("pending") ? " …" : " (failed)";
                return choice(method(name) + state, name === chosen?.method, state !== "", { method: name });
              }))
          : null,
        siblings.length > 1
          ? element("div", { class: "switch", role: "group", "aria-label": "Explained label" },
              ...siblings.map((one) =>
                choice(subject(result, one), one === chosen, one.status !== "done", { label: one.label, object: one.objectIndex })))
          : null,
        chosen ? slider(overlay) : null,
        chosen && !objects ? legend() : null,
        chosen && !objects ? fidelity(chosen) : null,
        ...here.filter((one) => one.error).map((one) =>
          element("p", { class: "soft" }, `${method(one.method)} of ${subject(result, one)}: ${one.error.message}`)),
      ].filter(Boolean),
    );
  };
  const show = (one) => {
    overlay.hidden = !one;
    overlay.style.opacity = opacity;
    if (one && overlay.getAttribute("src") !== address(one)) overlay.src = address(one);
  };
  const turn = () => {
    const next = artifact(`display-${frame}`);
    if (next) base.src = address(next);
    stage.querySelectorAll(".box").forEach((one) => one.remove());
    stage.append(...boxes(result, frame));
  };
  draw();
  return element("section", { class: "card stage-card", "aria-label": "Image" }, film, controls);
}

/** What an explanation is of: a label, or one object by its number. */
function subject(result, one) {
  const name = label(result.model.name, one.label);
  return (one.objectIndex ?? null) === null ? name : `${name}, object ${one.objectIndex}`;
}

/** As large as the column, but never higher than most of the window. */
function fit(stage, width, height) {
  if (!width || !height) return;
  stage.style.aspectRatio = `${width} / ${height}`;
  stage.style.maxWidth = `calc(72vh * ${width / height})`;
}

function boxes(result, frame) {
  return result.findings
    .filter((one) => one.box && one.frame === frame && one.positive !== false)
    .map((one) => {
      const [x, y, w, h] = one.box;
      const made = element("div", { class: "box" }, element("span", {}, label(result.model.name, one.label)));
      Object.assign(made.style, {
        left: `${(x / result.width) * 100}%`,
        top: `${(y / result.height) * 100}%`,
        width: `${(w / result.width) * 100}%`,
        height: `${(h / result.height) * 100}%`,
      });
      return made;
    });
}

function frames(count, frame, go) {
  const input = element("input", { type: "range", min: 0, max: count - 1, value: frame, "aria-label": "Frame", onchange: (event) => go(Number(event.target.value)) });
  return element("label", { class: "slider" }, "Frame", input, element("output", {}, `${frame + 1}/${count}`));
}

function slider(overlay) {
  const output = element("output", {}, `${Math.round(opacity * 100)} %`);
  const input = element("input", {
    type: "range", min: 0, max: 100, value: Math.round(opacity * 100), "aria-label": "Opacity of the explanation",
    oninput: (event) => {
      opacity = Number(event.target.value) / 100;
      overlay.style.opacity = opacity;
      output.textContent = `${event.target.value} %`;
    },
  });
  return element("label", { class: "slider" }, "Opacity", input, output);
}

const legend = () =>
  element("div", { class: "legend", "aria-hidden": "true" }, "less important", element("i"), "more important");

function fidelity(one) {
  const figures = Object.entries(one.fidelity).map(([name, measured]) => {
    const [title, reading] = FIDELITY[name] ?? [name, ""];
    return element("div", {}, element("dt", {}, title), element("dd", { title: reading }, measured.toFixed(2), reading ? element("small", { class: "soft" }, ` ${reading}`) : null));
  });
  if (one.seed !== null) figures.push(element("div", {}, element("dt", {}, "Seed"), element("dd", {}, value(one.seed))));
  return figures.length ? element("dl", { class: "figures" }, ...figures) : null;
}
