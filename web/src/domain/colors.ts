/** Colours of labels: the bundle's own, or Okabe and Ito's palette, told apart by all eyes. */

import type * as wire from "./generated/model";

/** As `PALETTE` in `dropsight.domain.manifests`. */
const PALETTE = [
  "#E69F00",
  "#56B4E9",
  "#009E73",
  "#F0E442",
  "#D55E00",
  "#CC79A7",
  "#0072B2",
  "#999999",
] as const;

/** `#rrggbb` of each label by id, the same for every upload. */
export function colorsOf(labels: readonly wire.Label[]): Map<string, string> {
  return new Map(
    labels.map((label, position) => [
      label.id,
      label.color ?? (PALETTE[position % PALETTE.length] as string),
    ]),
  );
}

/** Black or white, whichever reads better on `color` (WCAG 2.2 relative luminance). */
export function inkOn(color: string): "#000000" | "#ffffff" {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const share = Number.parseInt(color.slice(at, at + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  const luminance = 0.2126 * r + 0.7152 * g + 0.0722 * b;
  return (luminance + 0.05) / 0.05 >= 1.05 / (luminance + 0.05) ? "#000000" : "#ffffff";
}
