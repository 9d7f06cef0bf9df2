/** What the worklist shows of a result. */

import type { Status } from "./result";

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
  /** Address of the first frame's picture, as an artifact; null until it is written. */
  display: { bucket: string; object: string } | null;
}
