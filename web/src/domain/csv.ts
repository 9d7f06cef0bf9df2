/** Shown objects as CSV (RFC 4180), byte for byte as `dropsight results ID --csv` writes them. */

import type { Finding, Result } from "./result";
import { maskArea } from "./rle";

const COLUMNS = [
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

/** `objects` in the order in which they are shown. */
export function toCsv(result: Result, objects: readonly Finding[]): string {
  const name = quoted(harmless(result.source.object));
  const numbers = numbersOf(result);
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
  return [COLUMNS.join(","), ...lines].map((line) => `${line}\r\n`).join("");
}

/** The number of each object: its place among those of its frame, from 0. */
function numbersOf(result: Result): Map<Finding, number> {
  const next = new Map<number, number>();
  const numbers = new Map<Finding, number>();
  for (const one of result.findings) {
    if (one.box === null) continue;
    const number = next.get(one.frame) ?? 0;
    numbers.set(one, number);
    next.set(one.frame, number + 1);
  }
  return numbers;
}

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
