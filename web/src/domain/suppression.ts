/**
 * Which candidates are shown at a confidence and an IoU threshold.
 *
 * The rule is that of `dropsight.domain.suppression`, and `tests/vectors/nms.json` holds both to
 * it. Everything that does not depend on the thresholds is done once, when the result arrives, so
 * that moving one costs no more than the objects that end up shown.
 */

import type { Finding } from "./result";

/** One number for all labels, one for each (others are not shown), or the findings' own. */
export type Confidence = number | ReadonlyMap<string, number> | null;

interface Group {
  frame: number;
  label: string;
  /** Positions in the document, by falling score, equal scores in the document's order. */
  positions: Uint32Array;
  scores: Float64Array;
  thresholds: Float64Array;
  /** x, y, width, height of each, in the order of `positions`. */
  boxes: Float64Array;
}

/** Largest boxes cell of the grid, so that a few huge boxes do not put all into one cell. */
const CELL_QUANTILE = 0.9;

export class Candidates {
  private readonly groups: Group[];

  constructor(private readonly findings: readonly Finding[]) {
    const members = new Map<string, number[]>();
    findings.forEach((finding, position) => {
      if (finding.box === null || finding.score === null) return;
      const key = `${finding.frame}\n${finding.label}`;
      const list = members.get(key);
      if (list) list.push(position);
      else members.set(key, [position]);
    });
    this.groups = [...members.values()].map((list) => ranked(findings, list));
  }

  /** Positions in the document of those that are shown, by frame, then by rank. */
  shown(confidence: Confidence, iou: number): number[] {
    const kept: number[] = [];
    for (const group of this.groups) {
      const least =
        confidence instanceof Map
          ? (confidence.get(group.label) ?? Number.POSITIVE_INFINITY)
          : (confidence as number | null);
      keep(group, least, iou, kept);
    }
    const { findings } = this;
    return kept.sort((a, b) => {
      const one = findings[a] as Finding;
      const other = findings[b] as Finding;
      return one.frame - other.frame || (other.score ?? 0) - (one.score ?? 0) || a - b;
    });
  }
}

function ranked(findings: readonly Finding[], list: number[]): Group {
  const of = (position: number) => findings[position] as Finding;
  list.sort((a, b) => (of(b).score ?? 0) - (of(a).score ?? 0) || a - b);
  const first = of(list[0] as number);
  const boxes = new Float64Array(list.length * 4);
  list.forEach((position, at) => {
    boxes.set(of(position).box ?? [], at * 4);
  });
  return {
    frame: first.frame,
    label: first.label,
    positions: Uint32Array.from(list),
    scores: Float64Array.from(list, (position) => of(position).score ?? 0),
    thresholds: Float64Array.from(list, (position) => of(position).threshold ?? 0),
    boxes,
  };
}

/** Greedy suppression within one group; appends what is kept to `kept`. */
function keep(group: Group, least: number | null, iou: number, kept: number[]): void {
  const { positions, scores, thresholds, boxes } = group;
  const grid = new Grid(boxes);
  for (let at = 0; at < positions.length; at += 1) {
    if ((scores[at] as number) < (least ?? (thresholds[at] as number))) continue;
    if (grid.isCovered(at, iou)) continue;
    grid.add(at);
    kept.push(positions[at] as number);
  }
}

/** Kept boxes by the cells that they touch: only neighbours are compared. */
class Grid {
  private readonly cells = new Map<number, number[]>();
  private readonly side: number;

  constructor(private readonly boxes: Float64Array) {
    this.side = cellSide(boxes);
  }

  /** Whether a kept box overlaps box `at` by more than `iou`. */
  isCovered(at: number, iou: number): boolean {
    // Boxes that share nothing have an IoU of 0, which no threshold of 0 or more is below.
    return this.visit(at, (cell) => {
      for (const other of cell ?? []) {
        if (intersectionOverUnion(this.boxes, at, other) > iou) return true;
      }
      return false;
    });
  }

  add(at: number): void {
    this.visit(at, (cell, key) => {
      if (cell) cell.push(at);
      else this.cells.set(key, [at]);
      return false;
    });
  }

  private visit(at: number, look: (cell: number[] | undefined, key: number) => boolean): boolean {
    const x = this.boxes[at * 4] as number;
    const y = this.boxes[at * 4 + 1] as number;
    const right = Math.floor((x + (this.boxes[at * 4 + 2] as number)) / this.side);
    const bottom = Math.floor((y + (this.boxes[at * 4 + 3] as number)) / this.side);
    for (let row = Math.floor(y / this.side); row <= bottom; row += 1) {
      for (let column = Math.floor(x / this.side); column <= right; column += 1) {
        const key = row * 2_097_152 + column;
        if (look(this.cells.get(key), key)) return true;
      }
    }
    return false;
  }
}

function cellSide(boxes: Float64Array): number {
  const sides: number[] = [];
  for (let at = 0; at < boxes.length; at += 4) {
    sides.push(Math.max(boxes[at + 2] as number, boxes[at + 3] as number));
  }
  sides.sort((a, b) => a - b);
  return Math.max(1, sides[Math.floor((sides.length - 1) * CELL_QUANTILE)] ?? 1);
}

function intersectionOverUnion(boxes: Float64Array, one: number, other: number): number {
  const [a, b] = [one * 4, other * 4];
  const [ax, ay, aw, ah] = [boxes[a], boxes[a + 1], boxes[a + 2], boxes[a + 3]] as number[];
  const [bx, by, bw, bh] = [boxes[b], boxes[b + 1], boxes[b + 2], boxes[b + 3]] as number[];
  if (ax === undefined || ay === undefined || aw === undefined || ah === undefined) return 0;
  if (bx === undefined || by === undefined || bw === undefined || bh === undefined) return 0;
  const width = Math.min(ax + aw, bx + bw) - Math.max(ax, bx);
  const height = Math.min(ay + ah, by + bh) - Math.max(ay, by);
  const intersection = Math.max(width, 0) * Math.max(height, 0);
  const union = aw * ah + bw * bh - intersection;
  return union > 0 ? intersection / union : 0;
}
