/**
 * Which candidates are shown at a confidence and an IoU threshold.
 *
 * The rule is that of `dropsight.domain.suppression`, and `tests/vectors/nms.json` holds both to
 * it. Whether a candidate is kept depends on stronger ones of its frame and label alone. So what is
 * kept at a confidence is the beginning of what is kept without one, and suppression has to run
 * only where the IoU threshold moved.
 */

import { BoxGrid } from "./boxGrid";
import type { Finding } from "./result";

/** One number for all labels, one for each (others are not shown), or the findings' own. */
export type Confidence = number | ReadonlyMap<string, number> | null;

interface Group {
  label: string;
  /** By falling score, equal scores in the document's order. */
  scores: Float64Array;
  /** Of the findings themselves; one number where all have the same. */
  thresholds: Float64Array | number;
  /** Place of each in the order of everything that is shown. */
  places: Uint32Array;
  grid: BoxGrid;
  /** Ranks that are kept at `keptIou`, by falling score. */
  kept: Uint32Array;
  keptIou: number | null;
}

export class Candidates {
  /** Times that suppression ran over a group. */
  passes = 0;
  private readonly groups: Group[];
  /** Positions in the document by frame, then score, then position. */
  private readonly order: Uint32Array;
  private readonly isShown: Uint8Array;

  constructor(findings: readonly Finding[]) {
    const scoreOf = (position: number) => findings[position]?.score ?? 0;
    const frameOf = (position: number) => findings[position]?.frame ?? 0;
    const objects = findings.flatMap((one, at) => (one.box && one.score !== null ? [at] : []));
    objects.sort((a, b) => frameOf(a) - frameOf(b) || scoreOf(b) - scoreOf(a) || a - b);
    this.order = Uint32Array.from(objects);
    this.isShown = new Uint8Array(objects.length);
    const members = new Map<string, number[]>();
    objects.forEach((position, place) => {
      const key = `${frameOf(position)}\n${findings[position]?.label}`;
      const list = members.get(key);
      if (list) list.push(place);
      else members.set(key, [place]);
    });
    this.groups = [...members.values()].map((places) =>
      grouped(
        places.map((place) => findings[objects[place] as number] as Finding),
        Uint32Array.from(places),
      ),
    );
  }

  /** Pairs of boxes that were compared so far. */
  get comparisons(): number {
    return this.groups.reduce((sum, group) => sum + group.grid.comparisons, 0);
  }

  /** Positions in the document of those that are shown, by frame, then by rank. */
  shown(confidence: Confidence, iou: number): number[] {
    this.isShown.fill(0);
    for (const group of this.groups) {
      const least = leastOf(group, confidence);
      if (least === null) {
        this.show(group, this.suppress(group, iou, group.thresholds as Float64Array), -Infinity);
        continue;
      }
      if (group.keptIou !== iou) {
        group.kept = this.suppress(group, iou, null);
        group.keptIou = iou;
      }
      this.show(group, group.kept, least);
    }
    const positions: number[] = [];
    for (let place = 0; place < this.order.length; place += 1) {
      if (this.isShown[place]) positions.push(this.order[place] as number);
    }
    return positions;
  }

  private show(group: Group, kept: Uint32Array, least: number): void {
    for (const rank of kept) {
      if ((group.scores[rank] as number) < least) return;
      this.isShown[group.places[rank] as number] = 1;
    }
  }

  /** Greedy, the strongest first: out goes what overlaps a kept one by more than `iou`. */
  private suppress(group: Group, iou: number, thresholds: Float64Array | null): Uint32Array {
    this.passes += 1;
    const { scores, grid } = group;
    const kept = new Uint32Array(scores.length);
    let count = 0;
    grid.clear();
    for (let rank = 0; rank < scores.length; rank += 1) {
      if (thresholds && (scores[rank] as number) < (thresholds[rank] as number)) continue;
      if (grid.isCovered(rank, iou)) continue;
      grid.add(rank);
      kept[count] = rank;
      count += 1;
    }
    return kept.subarray(0, count);
  }
}

/** The least score of the group; null where its findings differ in theirs. */
function leastOf(group: Group, confidence: Confidence): number | null {
  if (typeof confidence === "number") return confidence;
  if (confidence !== null) return confidence.get(group.label) ?? Number.POSITIVE_INFINITY;
  return typeof group.thresholds === "number" ? group.thresholds : null;
}

function grouped(findings: readonly Finding[], places: Uint32Array): Group {
  const boxes = new Float64Array(findings.length * 4);
  findings.forEach((one, rank) => {
    boxes.set(one.box ?? [], rank * 4);
  });
  const thresholds = Float64Array.from(findings, (one) => one.threshold ?? 0);
  const first = thresholds[0] as number;
  return {
    label: (findings[0] as Finding).label,
    scores: Float64Array.from(findings, (one) => one.score ?? 0),
    thresholds: thresholds.every((one) => one === first) ? first : thresholds,
    places,
    grid: new BoxGrid(boxes),
    kept: new Uint32Array(),
    keptIou: null,
  };
}
