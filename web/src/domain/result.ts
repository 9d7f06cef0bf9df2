/** The result document as the client works with it: every field there, defaults filled in. */

import type * as wire from "./generated/result";

type Filled<T> = { [K in keyof T]-?: T[K] };

/** A deleted result is none to a client. */
export type Status = Exclude<wire.Result["status"], "deleting" | "deleted">;
export type Artifact = Filled<wire.Artifact>;
export type ErrorRecord = wire.ErrorRecord;
export type ProvenanceStep = Filled<wire.ProvenanceStep>;

/** `[x, y, width, height]` in source pixels, origin top left. */
export type Box = readonly [number, number, number, number];

/** COCO run-length encoding, compressed. */
export interface Mask {
  size: readonly [height: number, width: number];
  counts: string;
}

export interface Finding {
  label: string;
  /** Calibrated, in [0, 1]; of an object its score again, which is not. */
  probability: number;
  frame: number;
  logit: number | null;
  threshold: number | null;
  positive: boolean | null;
  box: Box | null;
  score: number | null;
  probabilities: Record<string, number> | null;
  mask: Mask | null;
}

export interface Explanation {
  method: string;
  label: string;
  frame: number;
  /** Which object it explains, by its number in the frame; null: the whole image. */
  objectIndex: number | null;
  status: "pending" | "done" | "failed";
  /** Names of artifacts. */
  heatmap: string | null;
  overlay: string | null;
  parameters: Record<string, unknown>;
  seed: number | null;
  fidelity: Record<string, number>;
  error: ErrorRecord | null;
}

export interface Result {
  resultId: string;
  status: Status;
  /** Seconds since the epoch at which each status was reached. */
  timestamps: Record<string, number>;
  source: Filled<wire.Source>;
  model: wire.ModelReference | null;
  study: Filled<wire.Study> | null;
  provenance: ProvenanceStep[];
  frames: number;
  width: number;
  height: number;
  findings: Finding[];
  candidates: Filled<wire.CandidateSet> | null;
  explanations: Explanation[];
  artifacts: Artifact[];
  /** Milliseconds by stage. */
  timeline: Record<string, number>;
  error: ErrorRecord | null;
}

/** Fills in what the sender left out because it is the default. */
export function toResult(plain: wire.Result): Result {
  return {
    resultId: plain.resultId,
    status: plain.status as Status,
    timestamps: plain.timestamps ?? {},
    source: { size: 0, sha256: null, format: null, transferSyntax: null, ...plain.source },
    model: plain.model ?? null,
    study: plain.study ? toStudy(plain.study) : null,
    provenance: (plain.provenance ?? []).map((step) => ({ parameters: {}, ...step })),
    frames: plain.frames ?? 0,
    width: plain.width ?? 0,
    height: plain.height ?? 0,
    findings: (plain.findings ?? []).map(toFinding),
    candidates: plain.candidates ? { frames: [], ...plain.candidates } : null,
    explanations: (plain.explanations ?? []).map(toExplanation),
    artifacts: (plain.artifacts ?? []).map((artifact) => ({ size: 0, values: null, ...artifact })),
    timeline: plain.timeline ?? {},
    error: plain.error ?? null,
  };
}

export function toFinding(plain: wire.Finding): Finding {
  return {
    label: plain.label,
    probability: plain.probability,
    frame: plain.frame ?? 0,
    logit: plain.logit ?? null,
    threshold: plain.threshold ?? null,
    positive: plain.positive ?? null,
    box: (plain.box as Box | null | undefined) ?? null,
    score: plain.score ?? null,
    probabilities: plain.probabilities ?? null,
    mask: (plain.mask as Mask | null | undefined) ?? null,
  };
}

function toExplanation(plain: wire.Explanation): Explanation {
  return {
    method: plain.method,
    label: plain.label,
    frame: plain.frame ?? 0,
    objectIndex: plain.objectIndex ?? null,
    status: plain.status ?? "pending",
    heatmap: plain.heatmap ?? null,
    overlay: plain.overlay ?? null,
    parameters: plain.parameters ?? {},
    seed: plain.seed ?? null,
    fidelity: plain.fidelity ?? {},
    error: plain.error ?? null,
  };
}

function toStudy(plain: wire.Study): Filled<wire.Study> {
  return {
    patientId: null,
    modality: null,
    bodyPart: null,
    view: null,
    laterality: null,
    studyUid: null,
    seriesUid: null,
    instanceUid: null,
    studyDate: null,
    attributes: {},
    ...plain,
  };
}

/** The artifact of this name, if it has been written. */
export const artifactNamed = (result: Result, name: string | null): Artifact | undefined =>
  name === null ? undefined : result.artifacts.find((one) => one.name === name);

/** The last part of the object's name. */
export const fileName = (object: string): string => object.slice(object.lastIndexOf("/") + 1);
