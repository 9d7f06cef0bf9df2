/** Pixels through a window: of the 8-bit picture, or of values of 16 bits. */

import { BYTES, drawable, type Meaning, shade, type Window } from "../domain/window";

export interface Levels {
  /** The picture through a window, drawn again only when it changed; null: as it comes. */
  at(window: Window | null, inverted: boolean): HTMLCanvasElement;
  /** What is read at a pixel: grey or red, green, blue; a value in its unit; or no image there. */
  valueAt(x: number, y: number): readonly number[] | "outside" | null;
  /** Least and greatest value, what sliders reach. */
  readonly range: readonly [low: number, high: number];
}

/**
 * Intensities of 0 to 255 for bytes that stand for value = slope × byte + intercept. Without a
 * window, the bytes themselves.
 */
export function byteTable(
  window: Window | null,
  inverted: boolean,
  slope = 1,
  intercept = 0,
  flipped = false,
): Uint8ClampedArray {
  const table = new Uint8ClampedArray(256);
  for (let byte = 0; byte < 256; byte += 1) {
    let share = byte / 255;
    if (window) {
      share = shade(window, slope * byte + intercept);
      if (flipped) share = 1 - share;
    }
    table[byte] = (inverted ? 1 - share : share) * 255;
  }
  return table;
}

/** Opaque grey for each of 65,536 levels, as the bytes of RGBA in this machine's order. */
export function levelTable(meaning: Meaning, window: Window, inverted: boolean): Uint32Array {
  const table = new Uint32Array(65_536);
  const shown = new Uint8ClampedArray(1);
  const dark = meaning.invert !== inverted;
  for (let level = 0; level < table.length; level += 1) {
    const share = shade(window, meaning.slope * level + meaning.intercept);
    shown[0] = (dark ? 1 - share : share) * 255;
    table[level] = 0xff00_0000 | ((shown[0] as number) * 0x01_0101);
  }
  if (meaning.padding) table.fill(0xff00_0000, meaning.padding[0], meaning.padding[1] + 1);
  return table;
}

/** An 8-bit picture. `meaning`: of the values that it was made of, until they have been loaded. */
export class ByteLevels implements Levels {
  readonly range: readonly [number, number];
  private readonly source: ImageData;
  private readonly canvas: HTMLCanvasElement;
  private readonly context: CanvasRenderingContext2D;
  private readonly slope: number = 1;
  private readonly intercept: number = 0;
  private applied: string;

  constructor(
    image: HTMLImageElement,
    private readonly meaning: Meaning | null,
  ) {
    [this.canvas, this.context] = surface(image.naturalWidth, image.naturalHeight);
    this.context.drawImage(image, 0, 0);
    this.source = this.context.getImageData(0, 0, this.canvas.width, this.canvas.height);
    const first = meaning?.windows[0];
    const { center, width } = first ? drawable(first) : BYTES;
    if (meaning) {
      this.slope = ((meaning.invert ? -1 : 1) * width) / 255;
      this.intercept = center - this.slope * 127.5;
    }
    this.range = [center - width / 2, center + width / 2];
    this.applied = keyOf(null, false);
  }

  at(window: Window | null, inverted: boolean): HTMLCanvasElement {
    const key = keyOf(window, inverted);
    if (key === this.applied) return this.canvas;
    const flipped = this.meaning?.invert ?? false;
    const table = byteTable(window, inverted, this.slope, this.intercept, flipped);
    const from = this.source.data;
    const made = new ImageData(this.source.width, this.source.height);
    for (let at = 0; at < from.length; at += 4) {
      made.data[at] = table[from[at] as number] as number;
      made.data[at + 1] = table[from[at + 1] as number] as number;
      made.data[at + 2] = table[from[at + 2] as number] as number;
      made.data[at + 3] = from[at + 3] as number;
    }
    this.context.putImageData(made, 0, 0);
    this.applied = key;
    return this.canvas;
  }

  /** Of a picture that stands in for values nothing is read: a byte is none of them. */
  valueAt(x: number, y: number): readonly number[] | null {
    const { width, height, data } = this.source;
    if (this.meaning || x < 0 || y < 0 || x >= width || y >= height) return null;
    const at = (y * width + x) * 4;
    const [r, g, b] = [data[at], data[at + 1], data[at + 2]] as [number, number, number];
    return r === g && g === b ? [r] : [r, g, b];
  }
}

/** 16-bit levels of a greyscale frame. */
export class ValueLevels implements Levels {
  readonly range: readonly [number, number];
  private readonly canvas: HTMLCanvasElement;
  private readonly context: CanvasRenderingContext2D;
  private readonly made: ImageData;
  private readonly shown: Uint32Array;
  private applied = "";

  constructor(
    private readonly levels: Uint16Array,
    private readonly width: number,
    private readonly height: number,
    private readonly meaning: Meaning,
  ) {
    [this.canvas, this.context] = surface(width, height);
    this.made = new ImageData(width, height);
    this.shown = new Uint32Array(this.made.data.buffer);
    const ends = endsOf(levels, meaning.padding).map((one) => this.valueOf(one));
    this.range = [Math.min(...ends), Math.max(...ends)];
  }

  at(window: Window | null, inverted: boolean): HTMLCanvasElement {
    const key = keyOf(window, inverted);
    if (key === this.applied) return this.canvas;
    const own = this.meaning.windows[0];
    const table = levelTable(this.meaning, window ?? (own ? drawable(own) : BYTES), inverted);
    const { levels, shown } = this;
    for (let at = 0; at < levels.length; at += 1) {
      shown[at] = table[levels[at] as number] as number;
    }
    this.context.putImageData(this.made, 0, 0);
    this.applied = key;
    return this.canvas;
  }

  valueAt(x: number, y: number): readonly number[] | "outside" | null {
    if (x < 0 || y < 0 || x >= this.width || y >= this.height) return null;
    const level = this.levels[y * this.width + x] as number;
    const { padding } = this.meaning;
    if (padding && level >= padding[0] && level <= padding[1]) return "outside";
    return [this.valueOf(level)];
  }

  private valueOf(level: number): number {
    return this.meaning.slope * level + this.meaning.intercept;
  }
}

/** Least and greatest level that is not padding. */
export function endsOf(
  levels: Uint16Array,
  padding: readonly [number, number] | null,
): [number, number] {
  let [low, high] = [65_535, 0];
  const [from, to] = padding ?? [1, 0];
  for (let at = 0; at < levels.length; at += 1) {
    const level = levels[at] as number;
    if (level >= from && level <= to) continue;
    if (level < low) low = level;
    if (level > high) high = level;
  }
  return low <= high ? [low, high] : [0, 1];
}

const keyOf = (window: Window | null, inverted: boolean): string =>
  `${window?.center} ${window?.width} ${window?.function} ${inverted}`;

function surface(width: number, height: number): [HTMLCanvasElement, CanvasRenderingContext2D] {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) throw new Error("this browser gives no 2D canvas");
  return [canvas, context];
}
