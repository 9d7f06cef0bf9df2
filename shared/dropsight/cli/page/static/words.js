// Numbers and codes in words.

export const STATUS = {
  queued: "Queued",
  predicted: "Explaining",
  explained: "Explained",
  failed: "Failed",
};

/** What each code of `dropsight.domain.errors` means for the person who dropped the file. */
const FAILURES = {
  "unrecognised-format": "Not a kind of file that can be read",
  "malformed-file": "The file is damaged",
  "unsupported-encoding": "The file is encoded in a way that cannot be read here",
  "no-pixels": "The file holds no image",
  "budget-exceeded": "The file is larger than is allowed",
  "contract-refused": "The model does not take this kind of file",
  "burned-in-text": "The image may show a patient's name",
  "no-route": "No model is meant for this folder",
  "object-gone": "The file was changed or deleted before it could be read",
  "inference-failed": "The model could not answer",
  "delivery-exhausted": "It was tried many times without success",
};

export const failure = (code) => FAILURES[code] ?? "The file could not be processed";

export const percent = (value) =>
  value > 0 && value < 0.001 ? "< 0.1 %" : `${(value * 100).toFixed(value < 0.1 ? 1 : 0)} %`;

export function milliseconds(value) {
  if (value >= 1000) return `${(value / 1000).toFixed(1)} s`;
  return value < 10 ? `${value.toFixed(1)} ms` : `${Math.round(value)} ms`;
}

export function bytes(value) {
  const units = ["bytes", "KB", "MB", "GB"];
  let at = 0;
  while (value >= 1000 && at < units.length - 1) {
    value /= 1000;
    at += 1;
  }
  return `${at ? value.toFixed(1) : value} ${units[at]}`;
}

export function clock(seconds) {
  const moment = new Date(seconds * 1000);
  const today = moment.toDateString() === new Date().toDateString();
  return today
    ? moment.toLocaleTimeString([], { timeStyle: "medium", hour12: false })
    : moment.toLocaleDateString([], { day: "numeric", month: "short", year: "numeric" });
}

export const moment = (seconds) => new Date(seconds * 1000).toLocaleString([], { dateStyle: "medium", timeStyle: "medium", hour12: false });

export const fileName = (object) => object.slice(object.lastIndexOf("/") + 1);

export const method = (name) => ({ "grad-cam": "Grad-CAM", lime: "LIME" })[name] ?? name;

/** "photometricInterpretation" or "voi-window" as words. */
export const spaced = (name) =>
  name.replace(/[-_.]/g, " ").replace(/([a-z])([A-Z])/g, (_, a, b) => `${a} ${b.toLowerCase()}`);

export function value(one) {
  if (typeof one === "number") return String(Number(one.toPrecision(6)));
  if (Array.isArray(one)) return one.map(value).join(" × ");
  return typeof one === "object" && one !== null ? JSON.stringify(one) : String(one);
}

export const sentence = (text) => text[0].toUpperCase() + text.slice(1);

/** A step of the provenance, in the words of DICOM where it has some. */
export const step = (name) => ({ modality: "Modality LUT", voi: "VOI LUT or window" })[name] ?? sentence(spaced(name));
