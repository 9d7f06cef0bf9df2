/** Pixels through a window: what is drawn, and what is read at a pixel. */

import { type Meaning, shade, type Window } from "../domain/window";

export interface Levels {
  /**
   * The picture through a window, made again only when that changed; null: as it comes.
   * `scale`: pixels of the screen for each of the source. Where many lie on one, fewer are made.
   */
  at(window: Window | null, inverted: boolean, scale: number): CanvasImageSource;
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

export const keyOf = (window: Window | null, inverted: boolean): string =>
  `${window?.center} ${window?.width} ${window?.function} ${inverted}`;

/** A canvas and its pixels, opaque grey or colour as 32 bits each. */
export class Surface {
  readonly canvas = document.createElement("canvas");
  readonly pixels: Uint32Array;
  private readonly made: ImageData;
  private readonly context: CanvasRenderingContext2D;

  constructor(width: number, height: number) {
    this.canvas.width = width;
    this.canvas.height = height;
    const context = this.canvas.getContext("2d", { willReadFrequently: true });
    if (!context) throw new Error("this browser gives no 2D canvas");
    this.context = context;
    this.made = new ImageData(width, height);
    this.pixels = new Uint32Array(this.made.data.buffer);
  }

  /** Shows what has been written to `pixels`. */
  show(): HTMLCanvasElement {
    this.context.putImageData(this.made, 0, 0);
    return this.canvas;
  }

  /** The RGBA bytes of `image`. */
  read(image: CanvasImageSource): Uint32Array {
    this.context.drawImage(image, 0, 0);
    const { width, height } = this.canvas;
    return new Uint32Array(this.context.getImageData(0, 0, width, height).data.buffer);
  }
}
