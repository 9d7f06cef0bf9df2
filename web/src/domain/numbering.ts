/** The number of each object: its place among those of its frame, from 0, whatever is shown. */

import type { Finding } from "./result";

const known = new WeakMap<readonly Finding[], Map<Finding, number>>();

export function numbersOf(findings: readonly Finding[]): ReadonlyMap<Finding, number> {
  const before = known.get(findings);
  if (before) return before;
  const next = new Map<number, number>();
  const numbers = new Map<Finding, number>();
  for (const one of findings) {
    if (one.box === null) continue;
    const number = next.get(one.frame) ?? 0;
    numbers.set(one, number);
    next.set(one.frame, number + 1);
  }
  known.set(findings, numbers);
  return numbers;
}

export function objectNumbered(
  findings: readonly Finding[],
  frame: number,
  number: number,
): Finding | null {
  for (const [one, its] of numbersOf(findings)) {
    if (its === number && one.frame === frame) return one;
  }
  return null;
}
