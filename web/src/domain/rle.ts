/** Masks in COCO's compressed run-length encoding (cocoapi, common/maskApi.c, rleFrString). */

import type { Mask } from "./result";

/** Lengths of the runs, column by column from the top left, the first of zeros. */
export function runs(counts: string): number[] {
  const lengths: number[] = [];
  let number = 0;
  let shift = 0;
  for (let at = 0; at < counts.length; at += 1) {
    const group = counts.charCodeAt(at) - 48;
    if (group < 0 || group > 63) throw new RangeError(`mask: ${counts[at]} is not legal in counts`);
    number |= (group & 0x1f) << shift;
    shift += 5;
    if (group & 0x20) continue;
    if (group & 0x10 && shift < 32) number |= -1 << shift;
    lengths.push(lengths.length > 2 ? number + (lengths[lengths.length - 2] as number) : number);
    number = 0;
    shift = 0;
  }
  return lengths;
}

/** Pixels that are set. */
export function maskArea(mask: Mask): number {
  return runs(mask.counts).reduce((sum, length, at) => (at % 2 ? sum + length : sum), 0);
}

/** Calls `paint(x, top, bottom)` for each vertical run of set pixels (`bottom` is not part). */
export function eachRun(mask: Mask, paint: (x: number, top: number, bottom: number) => void): void {
  const height = mask.size[0];
  let start = 0;
  runs(mask.counts).forEach((length, at) => {
    if (at % 2) {
      let from = start;
      const end = start + length;
      while (from < end) {
        const x = Math.floor(from / height);
        const stop = Math.min(end, (x + 1) * height);
        paint(x, from - x * height, stop - x * height);
        from = stop;
      }
    }
    start += length;
  });
}
