/** Which rows the worklist shows. */

import type { Row } from "../domain/row";

export interface Filter {
  /** Words that must all occur in the file's name, the model, or the names of what was found. */
  text: string;
  status: "all" | "found" | "clear" | "working" | "failed";
  /** A model's name, or empty for all. */
  model: string;
  /** A label's id, or empty for all. */
  label: string;
  /** Only those that arrived in the last so many days; 0: all. */
  days: number;
}

export const EVERYTHING: Filter = { text: "", status: "all", model: "", label: "", days: 0 };

export const isEverything = (filter: Filter): boolean =>
  JSON.stringify(filter) === JSON.stringify(EVERYTHING);

const DAY_S = 86_400;

/** `nameOf`: the display name of a label of a model. `now`: seconds since the epoch. */
export function filterRows(
  rows: readonly Row[],
  filter: Filter,
  nameOf: (model: string | null, label: string) => string,
  now: number,
): readonly Row[] {
  const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean);
  return rows.filter((row) => {
    if (filter.model && row.model !== filter.model) return false;
    if (filter.label && !row.found.some((one) => one.label === filter.label)) return false;
    if (filter.days && row.arrivedAt < now - filter.days * DAY_S) return false;
    if (!hasStatus(row, filter.status)) return false;
    if (!words.length) return true;
    const names = row.found.map((one) => `${one.label} ${nameOf(row.model, one.label)}`);
    const text = [row.object, row.model ?? "", row.resultId, ...names].join(" ").toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

export function hasStatus(row: Row, status: Filter["status"]): boolean {
  switch (status) {
    case "all":
      return true;
    case "found":
      return row.found.length > 0;
    case "clear":
      return row.found.length === 0 && row.status !== "queued" && row.status !== "failed";
    case "working":
      return row.status === "queued" || row.status === "predicted";
    case "failed":
      return row.status === "failed";
  }
}
