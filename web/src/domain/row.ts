/** What the worklist shows of a result. */

import type { Result as WireResult } from "./generated/result";
import type { Status } from "./result";

export interface RowFinding {
  label: string;
  probability: number;
  positive: boolean;
}

export interface Row {
  resultId: string;
  status: Status;
  object: string;
  format: string | null;
  model: string | null;
  /** Seconds since the epoch. */
  arrivedAt: number;
  /** The strongest positive finding of each label, the most probable first. */
  found: RowFinding[];
  errorCode: string | null;
  /** Address of the first frame's picture, as an artifact; null until it is written. */
  display: { bucket: string; object: string } | null;
}

/** The strongest positive finding of each label, the most probable first. */
export function strongest(findings: readonly RowFinding[]): RowFinding[] {
  const best = new Map<string, RowFinding>();
  for (const finding of findings) {
    if (!finding.positive) continue;
    const before = best.get(finding.label);
    if (!before || before.probability < finding.probability) best.set(finding.label, finding);
  }
  return [...best.values()].sort((a, b) => b.probability - a.probability);
}

/** The row of a whole document. */
export function toRow(result: WireResult): Row {
  const display = result.artifacts?.find((one) => one.name === "display-0");
  return {
    resultId: result.resultId,
    status: result.status,
    object: result.source.object,
    format: result.source.format ?? null,
    model: result.model?.name ?? null,
    arrivedAt: result.timestamps?.queued ?? result.timestamps?.failed ?? 0,
    found: strongest(
      (result.findings ?? []).map(({ label, probability, positive }) => ({
        label,
        probability,
        positive: positive ?? false,
      })),
    ),
    errorCode: result.error?.code ?? null,
    display: display ? { bucket: display.bucket, object: display.object } : null,
  };
}
