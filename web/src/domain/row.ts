/** What the worklist shows of a result. */

import type { Artifact, Status } from "./result";

export interface RowFinding {
  label: string;
  probability: number;
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
  /** The first frame's picture; null until it is written. */
  display: Pick<Artifact, "name" | "bucket" | "object"> | null;
}
