/** Windows over pixel values: which become black, white and the shades between. */

import type * as wire from "./generated/result";
import { type Artifact, artifactNamed, type Result } from "./result";

export interface Window {
  center: number;
  width: number;
  /** VOI LUT Function (DICOM PS3.3 C.11.2.1); one that the user set is LINEAR_EXACT. */
  function: Exclude<wire.DisplayWindow["function"], "LUT">;
}

export interface OfferedWindow {
  source: wire.DisplayWindow["source"];
  center: number;
  width: number;
  function: wire.DisplayWindow["function"];
}

/** What the 16-bit picture of a frame means: value = slope × level + intercept. */
export interface Meaning {
  slope: number;
  intercept: number;
  unit: string | null;
  exact: boolean;
  /** Low values are white. */
  invert: boolean;
  /** Levels that stand for no image: black whatever the window. */
  padding: readonly [low: number, high: number] | null;
  /** The first is that of the 8-bit picture. */
  windows: readonly OfferedWindow[];
}

export interface StoredValues {
  artifact: Artifact;
  meaning: Meaning;
}

/** The whole range of an 8-bit picture. */
export const BYTES: Window = { center: 127.5, width: 255, function: "LINEAR_EXACT" };

/** Where the values of this frame are kept; null: the 8-bit picture is all there is. */
export function storedValues(result: Result, frame: number): StoredValues | null {
  const artifact = artifactNamed(result, `pixels-${frame}`);
  const values = artifact?.values;
  if (!artifact || !values?.windows.length) return null;
  const low = values.paddingLow ?? null;
  const meaning: Meaning = {
    slope: values.slope,
    intercept: values.intercept,
    unit: values.unit ?? null,
    exact: values.exact ?? true,
    invert: values.invert ?? false,
    padding: low === null ? null : [low, values.paddingHigh ?? low],
    windows: values.windows,
  };
  return { artifact, meaning };
}

/** The share of white in [0, 1] that `value` gets, as `VoiWindow` in `imaging/windowing.py`. */
export function shade(window: Window, value: number): number {
  return Math.min(1, Math.max(0, unclipped(window, value)));
}

function unclipped({ center, width, function: form }: Window, value: number): number {
  if (form === "SIGMOID") return 1 / (1 + Math.exp((-4 * (value - center)) / width));
  if (form === "LINEAR_EXACT") return (value - center) / width + 0.5;
  if (width === 1) return value > center - 0.5 ? 1 : 0;
  return (value - (center - 0.5)) / (width - 1) + 0.5;
}

/** A window of the file as one to draw with; a table has none, only its middle and its range. */
export const drawable = (one: OfferedWindow): Window => ({
  center: one.center,
  width: one.width,
  function: one.function === "LUT" ? "LINEAR_EXACT" : one.function,
});

export const sameWindow = (one: Window, other: Window): boolean =>
  one.center === other.center && one.width === other.width && one.function === other.function;

/** Usual windows of CT in Hounsfield units (radiopaedia.org, "Windowing (CT)"). */
export const CT_WINDOWS = {
  brain: [40, 80],
  lung: [-600, 1500],
  mediastinum: [50, 350],
  abdomen: [50, 400],
  liver: [30, 150],
  bone: [400, 1800],
} as const satisfies Record<string, readonly [center: number, width: number]>;

export type CtWindow = keyof typeof CT_WINDOWS;

export const offersCt = (result: Result, meaning: Meaning): boolean =>
  result.study?.modality === "CT" && meaning.unit === "HU";

/** Whether the file held more than the 8 bits that are shown, as far as its provenance tells. */
export function isDeeper(result: Result): boolean {
  const decoded = result.provenance.find((step) => step.step === "decode")?.parameters as
    | { bits?: number; bitsStored?: number }
    | undefined;
  return (decoded?.bitsStored ?? decoded?.bits ?? 8) > 8;
}
