/** An 8-bit picture through a window. */

import { BYTES, drawable, type Meaning, type Window } from "../domain/window";
import { byteTable, keyOf, type Levels, Surface } from "./levels";

/**
 * `meaning`: of the values that the picture was made of, which are not there (yet): a window over
 * them is drawn as well as 8 bits can, and nothing is read at a pixel.
 */
export class ByteLevels implements Levels {
  readonly range: readonly [number, number];
  private readonly slope: number = 1;
  private readonly intercept: number = 0;
  private surface: Surface | null = null;
  private source: Uint32Array | null = null;
  private applied = "";

  constructor(
    private readonly image: HTMLImageElement,
    private readonly meaning: Meaning | null,
  ) {
    const first = meaning?.windows[0];
    const { center, width } = first ? drawable(first) : BYTES;
    if (meaning) {
      this.slope = ((meaning.invert ? -1 : 1) * width) / 255;
      this.intercept = center - this.slope * 127.5;
    }
    this.range = [center - width / 2, center + width / 2];
  }

  at(window: Window | null, inverted: boolean): CanvasImageSource {
    if (window === null && !inverted) return this.image;
    const [source, surface] = [this.read(), this.drawn()];
    const key = keyOf(window, inverted);
    if (key === this.applied) return surface.canvas;
    const flipped = this.meaning?.invert ?? false;
    const table = byteTable(window, inverted, this.slope, this.intercept, flipped);
    const { pixels } = surface;
    for (let at = 0; at < source.length; at += 1) {
      const rgba = source[at] as number;
      const red = table[rgba & 0xff] as number;
      const green = table[(rgba >>> 8) & 0xff] as number;
      const blue = table[(rgba >>> 16) & 0xff] as number;
      pixels[at] = (rgba & 0xff00_0000) | (blue << 16) | (green << 8) | red;
    }
    this.applied = key;
    return surface.show();
  }

  valueAt(x: number, y: number): readonly number[] | null {
    const { naturalWidth: width, naturalHeight: height } = this.image;
    if (this.meaning || x < 0 || y < 0 || x >= width || y >= height) return null;
    const rgba = this.read()[y * width + x] as number;
    const [r, g, b] = [rgba & 0xff, (rgba >>> 8) & 0xff, (rgba >>> 16) & 0xff];
    return r === g && g === b ? [r] : [r, g, b];
  }

  private drawn(): Surface {
    this.surface ??= new Surface(this.image.naturalWidth, this.image.naturalHeight);
    return this.surface;
  }

  private read(): Uint32Array {
    this.source ??= this.drawn().read(this.image);
    return this.source;
  }
}
