/** How a result is looked at: what the controls change and the canvas draws. */

import type { Explanation, Result } from "../domain/result";
import type { Window } from "../domain/window";

/** 0 box, name, mask; 1 box and name; 2 name and mask; 3 mask on black. */
export type Mode = 0 | 1 | 2 | 3;

export interface View {
  frame: number;
  /** The explanation that lies over the image, as `keyOf`; null: none. */
  explanation: string | null;
  /** Share in [0, 1] of the explanation, and of masks. */
  opacity: number;
  sideBySide: boolean;
  mode: Mode;
  /** Labels whose objects are left out. */
  hidden: ReadonlySet<string>;
  /** One threshold for all labels; null: the model's own, or `thresholds`. */
  confidence: number | null;
  iou: number;
  /** Operating points that the user moved, by label. */
  thresholds: ReadonlyMap<string, number>;
  /** Over the values, or over 0 to 255 where there are none; null: as the picture was made. */
  window: Window | null;
  inverted: boolean;
  /** The object that was picked, by its number in its frame. */
  picked: { frame: number; number: number } | null;
}

/** A module suppresses by itself: nothing of it is left out until the user says so. */
export const DEFAULT_IOU = 1;

export function startView(result: Result): View {
  const first = readyExplanations(result, 0)[0];
  return {
    frame: 0,
    explanation: first ? keyOf(first) : null,
    opacity: 0.6,
    sideBySide: false,
    mode: 0,
    hidden: new Set(),
    confidence: null,
    iou: result.candidates?.iou ?? DEFAULT_IOU,
    thresholds: new Map(),
    window: null,
    inverted: false,
    picked: null,
  };
}

/** Identity of an explanation within its frame. */
export const keyOf = (one: Pick<Explanation, "method" | "label" | "objectIndex">): string =>
  `${one.method}\n${one.label}\n${one.objectIndex ?? ""}`;

/** Those of `frame` that have a heatmap to draw. Overlays of objects are drawn by the client. */
export const readyExplanations = (result: Result, frame: number): Explanation[] =>
  result.explanations.filter(
    (one) => one.frame === frame && one.status === "done" && one.heatmap !== null,
  );

/** The explanation that `view` shows; before the user chose, the first that is there. */
export function shownExplanation(result: Result, view: View): Explanation | undefined {
  return readyExplanations(result, view.frame).find((one) => keyOf(one) === view.explanation);
}
