/** A result as CSV (RFC 4180), byte for byte as `dropsight results ID --csv` writes it. */

import { numbersOf } from "./numbering";
import type { Finding, Result } from "./result";
import { maskArea } from "./rle";

const OBJECT_COLUMNS = [
  "file",
  "frame",
  "label",
  "score",
  "x",
  "y",
  "width",
  "height",
  "mask_area",
  "object",
];

const LABEL_COLUMNS = ["file", "frame", "label", "probability", "threshold", "positive"];

/** `objects` in the order in which they are shown. */
export function objectsToCsv(result: Result, objects: readonly Finding[]): string {
  const name = quoted(harmless(result.source.object));
  const numbers = numbersOf(result.findings);
  const lines = objects.map((one) =>
    [
      name,
      String(one.frame),
      quoted(harmless(one.label)),
      one.score === null ? "" : float(one.score),
      ...(one.box ?? []).map(float),
      one.mask === null ? "" : String(maskArea(one.mask)),
      String(numbers.get(one)),
    ].join(","),
  );
  return table(OBJECT_COLUMNS, lines);
}

/**
 * Labels of a classifier, all of them. `thresholds`: operating points that the user moved, by
 * label; the others are the model's.
 */
export function labelsToCsv(result: Result, thresholds: ReadonlyMap<string, number>): string {
  const name = quoted(harmless(result.source.object));
  const lines = result.findings.map((one) => {
    const moved = thresholds.get(one.label);
    const threshold = moved ?? one.threshold;
    const positive = moved === undefined ? one.positive : one.probability >= moved;
    return [
      name,
      String(one.frame),
      quoted(harmless(one.label)),
      float(one.probability),
      threshold === null ? "" : float(threshold),
      positive === null ? "" : String(positive),
    ].join(",");
  });
  return table(LABEL_COLUMNS, lines);
}

const table = (columns: readonly string[], lines: readonly string[]): string =>
  [columns.join(","), ...lines].map((line) => `${line}\r\n`).join("");

/** A name that a spreadsheet would take for a formula is written after an apostrophe. */
const harmless = (text: string) => (/^[=+\-@\t\r]/.test(text) ? `'${text}` : text);

const quoted = (text: string) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** As Python's repr: shortest digits that read back the same, whole numbers with `.0`. */
export function float(number: number): string {
  if (number === 0) return Object.is(number, -0) ? "-0.0" : "0.0";
  const [digits = "", exponent = "0"] = number.toExponential().split("e");
  const power = Number(exponent);
  if (power < -4 || power >= 16) {
    const size = String(Math.abs(power)).padStart(2, "0");
    return `${digits}e${power < 0 ? "-" : "+"}${size}`;
  }
  if (power < 0) return number.toFixed(Math.max(0, digits.replace(/[-.]/g, "").length - 1 - power));
  return Number.isInteger(number) ? `${number}.0` : String(number);
}
