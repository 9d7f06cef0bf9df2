/** Which object lies under the pointer. */

import type { Finding } from "../domain/result";
import { eachRun } from "../domain/rle";

/** The smallest of those that hold the point: by its mask where it has one, else by its box. */
export function objectAt(objects: readonly Finding[], x: number, y: number): Finding | null {
  let smallest: Finding | null = null;
  let least = Number.POSITIVE_INFINITY;
  for (const one of objects) {
    if (!one.box) continue;
    const [left, top, width, height] = one.box;
    if (x < left || y < top || x > left + width || y > top + height) continue;
    if (width * height >= least || !isInMask(one, Math.floor(x), Math.floor(y))) continue;
    smallest = one;
    least = width * height;
  }
  return smallest;
}

function isInMask(one: Finding, column: number, row: number): boolean {
  if (!one.mask) return true;
  let inside = false;
  eachRun(one.mask, (x, top, bottom) => {
    inside ||= x === column && row >= top && row < bottom;
  });
  return inside;
}
