/** Boxes by the cells of a grid that they touch: only neighbours are compared. */

/** A cell is as large as all but a tenth of the boxes. */
const CELL_QUANTILE = 0.9;
/** Cells for each box on average; a few huge boxes would otherwise lie in thousands. */
const MOST_CELLS = 16;

export class BoxGrid {
  /** Pairs that were compared so far. */
  comparisons = 0;
  /** The cells of box `b` are entries `starts[b]` to `starts[b + 1]`. */
  private readonly starts: Uint32Array;
  private readonly cells: Uint32Array;
  private readonly owners: Uint32Array;
  /** The last entry that was added to a cell, and the one before an entry; -1: none. */
  private readonly last: Int32Array;
  private readonly before: Int32Array;

  /** `boxes`: x, y, width, height of each. */
  constructor(private readonly boxes: Float64Array) {
    const count = boxes.length / 4;
    const side = sideFor(boxes, count);
    this.starts = new Uint32Array(count + 1);
    const cells: number[] = [];
    const owners: number[] = [];
    const known = new Map<string, number>();
    for (let box = 0; box < count; box += 1) {
      eachCell(boxes, box, side, (column, row) => {
        const name = `${column} ${row}`;
        const cell = known.get(name) ?? known.size;
        known.set(name, cell);
        cells.push(cell);
        owners.push(box);
      });
      this.starts[box + 1] = cells.length;
    }
    this.cells = Uint32Array.from(cells);
    this.owners = Uint32Array.from(owners);
    this.last = new Int32Array(known.size).fill(-1);
    this.before = new Int32Array(cells.length);
  }

  clear(): void {
    this.last.fill(-1);
  }

  add(box: number): void {
    const end = this.starts[box + 1] as number;
    for (let entry = this.starts[box] as number; entry < end; entry += 1) {
      const cell = this.cells[entry] as number;
      this.before[entry] = this.last[cell] as number;
      this.last[cell] = entry;
    }
  }

  /**
   * Whether a box that was added overlaps `box` by more than `iou`. Boxes that share nothing have
   * an IoU of 0, which no threshold of 0 or more is below.
   */
  isCovered(box: number, iou: number): boolean {
    const end = this.starts[box + 1] as number;
    for (let entry = this.starts[box] as number; entry < end; entry += 1) {
      let other = this.last[this.cells[entry] as number] as number;
      while (other >= 0) {
        this.comparisons += 1;
        if (overlap(this.boxes, box, this.owners[other] as number) > iou) return true;
        other = this.before[other] as number;
      }
    }
    return false;
  }
}

function sideFor(boxes: Float64Array, count: number): number {
  const sides = new Float64Array(count);
  for (let box = 0; box < count; box += 1) {
    sides[box] = Math.max(boxes[box * 4 + 2] as number, boxes[box * 4 + 3] as number);
  }
  sides.sort();
  let side = Math.max(1, sides[Math.floor((count - 1) * CELL_QUANTILE)] ?? 1);
  while (cellsAt(boxes, count, side) > MOST_CELLS * count) side *= 2;
  return side;
}

function cellsAt(boxes: Float64Array, count: number, side: number): number {
  let cells = 0;
  for (let box = 0; box < count; box += 1) {
    const [left, top, right, bottom] = cellsOf(boxes, box, side);
    cells += (right - left + 1) * (bottom - top + 1);
  }
  return cells;
}

function cellsOf(boxes: Float64Array, box: number, side: number): [number, number, number, number] {
  const x = boxes[box * 4] as number;
  const y = boxes[box * 4 + 1] as number;
  const right = x + (boxes[box * 4 + 2] as number);
  const bottom = y + (boxes[box * 4 + 3] as number);
  return [x, y, right, bottom].map((one) => Math.floor(one / side)) as [
    number,
    number,
    number,
    number,
  ];
}

function eachCell(
  boxes: Float64Array,
  box: number,
  side: number,
  visit: (column: number, row: number) => void,
): void {
  const [left, top, right, bottom] = cellsOf(boxes, box, side);
  for (let row = top; row <= bottom; row += 1) {
    for (let column = left; column <= right; column += 1) visit(column, row);
  }
}

function overlap(boxes: Float64Array, one: number, other: number): number {
  const [a, b] = [one * 4, other * 4];
  const ax = boxes[a] as number;
  const ay = boxes[a + 1] as number;
  const aw = boxes[a + 2] as number;
  const ah = boxes[a + 3] as number;
  const bx = boxes[b] as number;
  const by = boxes[b + 1] as number;
  const bw = boxes[b + 2] as number;
  const bh = boxes[b + 3] as number;
  const width = Math.min(ax + aw, bx + bw) - Math.max(ax, bx);
  const height = Math.min(ay + ah, by + bh) - Math.max(ay, by);
  const intersection = Math.max(width, 0) * Math.max(height, 0);
  const union = aw * ah + bw * bh - intersection;
  return union > 0 ? intersection / union : 0;
}
