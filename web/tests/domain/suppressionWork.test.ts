/** How much is done when a threshold moves: counted, not timed. */

import { describe, expect, it } from "vitest";
import { type Finding, toFinding } from "../../src/domain/result";
import { Candidates } from "../../src/domain/suppression";

const COUNT = 5000;

/** A number in [0, 1) that is the same for the same `at` (Park and Miller). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

/** Boxes of 20 to 40 pixels all over 2000 x 2000, of two labels. */
function crowd(count: number): Finding[] {
  const random = seeded(7);
  return Array.from({ length: count }, (_, at) =>
    toFinding({
      label: at % 2 ? "red" : "white",
      probability: 0,
      score: random(),
      threshold: 0.5,
      box: [random() * 2000, random() * 2000, 20 + random() * 20, 20 + random() * 20],
    }),
  );
}

describe("5,000 candidates", () => {
  it("moving the confidence compares no boxes", () => {
    const candidates = new Candidates(crowd(COUNT));
    candidates.shown(0.5, 0.45);
    const before = candidates.comparisons;
    for (let step = 0; step <= 100; step += 1) candidates.shown(step / 100, 0.45);
    expect(candidates.comparisons).toBe(before);
    expect(candidates.passes).toBe(2); // one for each label, at the beginning
  });

  it("moving the IoU suppresses once for each label, among neighbours only", () => {
    const candidates = new Candidates(crowd(COUNT));
    candidates.shown(0.1, 0.3);
    const before = candidates.comparisons;
    candidates.shown(0.1, 0.4);
    expect(candidates.passes).toBe(4);
    // 12,497,500 pairs there are; a box has some 4 neighbours of its label, met in up to 4 cells.
    expect(candidates.comparisons - before).toBeLessThan(COUNT * 20);
  });

  it("twice as many on twice the area is about twice the work", () => {
    const single = new Candidates(crowd(COUNT));
    const wide = crowd(COUNT);
    const moved = crowd(COUNT).map((one) => ({
      ...one,
      box: [5000 + (one.box?.[0] ?? 0), ...(one.box?.slice(1) ?? [])] as unknown as Finding["box"],
    }));
    const double = new Candidates([...wide, ...moved]);
    single.shown(null, 0.45);
    double.shown(null, 0.45);
    expect(double.comparisons / single.comparisons).toBeCloseTo(2, 1);
  });

  it("a few huge boxes do not lie in thousands of cells", () => {
    const huge = Array.from({ length: 50 }, (_, at) =>
      toFinding({ label: "red", probability: 0, score: 0.01, box: [at, at, 1900, 1900] }),
    );
    const candidates = new Candidates([...crowd(COUNT), ...huge]);
    candidates.shown(0, 0.45);
    expect(candidates.comparisons).toBeLessThan(COUNT * 200);
  });
});

it("findings of one label with thresholds of their own are each held to theirs", () => {
  const box = (x: number) => [x, 0, 10, 10];
  const found = [
    toFinding({ label: "a", probability: 0, score: 0.4, threshold: 0.5, box: box(0) }),
    toFinding({ label: "a", probability: 0, score: 0.3, threshold: 0.2, box: box(1) }),
  ];
  // The stronger is below its own threshold and so takes nothing from the weaker.
  expect(new Candidates(found).shown(null, 0.5)).toEqual([1]);
  expect(new Candidates(found).shown(0, 0.5)).toEqual([0]);
});
