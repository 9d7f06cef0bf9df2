/** A row of the list, from what is written beside each result for that (`list_entry.py`). */

import type { Status } from "../../domain/result";
import type { Row, RowFinding } from "../../domain/row";
import type { StoredPicture } from "../source";

interface ListEntry {
  object: string;
  format?: string | null;
  model?: string | null;
  found?: RowFinding[];
  errorCode?: string | null;
  display?: StoredPicture | null;
}

/** Null where it is no row: a deleted result, which is not listed. */
export function toRow(resultId: string, plain: Record<string, unknown>): Row | null {
  const entry = plain.listEntry as ListEntry | undefined;
  if (entry === undefined || isGone(plain)) return null;
  return {
    resultId,
    status: plain.status as Status,
    object: entry.object,
    format: entry.format ?? null,
    model: entry.model ?? null,
    arrivedAt: plain.arrivedAt as number,
    found: entry.found ?? [],
    errorCode: entry.errorCode ?? null,
    display: entry.display ?? null,
  };
}

export const isGone = (plain: Record<string, unknown>): boolean =>
  plain.status === "deleting" || plain.status === "deleted";
