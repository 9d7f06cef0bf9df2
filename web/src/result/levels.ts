/** Window and level on the displayed image. */

/** 8-bit values by input value: `level` is the middle, `width` the range; both in [0, 1]. */
export function windowTable(width: number, level: number): Uint8ClampedArray {
  const table = new Uint8ClampedArray(256);
  const low = level - width / 2;
  for (let value = 0; value < 256; value += 1) {
    table[value] = ((value / 255 - low) / Math.max(width, 1 / 255)) * 255;
  }
  return table;
}

export class Levels {
  private readonly source: ImageData;
  readonly canvas = document.createElement("canvas");
  private readonly context: CanvasRenderingContext2D;
  private applied = "";

  constructor(image: HTMLImageElement) {
    this.canvas.width = image.naturalWidth;
    this.canvas.height = image.naturalHeight;
    const context = this.canvas.getContext("2d", { willReadFrequently: true });
    if (!context) throw new Error("this browser gives no 2D canvas");
    this.context = context;
    context.drawImage(image, 0, 0);
    this.source = context.getImageData(0, 0, this.canvas.width, this.canvas.height);
  }

  /** The image through the window; drawn again only when it changed. */
  at(width: number, level: number): HTMLCanvasElement {
    const key = `${width} ${level}`;
    if (key !== this.applied) {
      const table = windowTable(width, level);
      const made = new ImageData(
        new Uint8ClampedArray(this.source.data),
        this.source.width,
        this.source.height,
      );
      for (let at = 0; at < made.data.length; at += 4) {
        made.data[at] = table[made.data[at] as number] as number;
        made.data[at + 1] = table[made.data[at + 1] as number] as number;
        made.data[at + 2] = table[made.data[at + 2] as number] as number;
      }
      this.context.putImageData(made, 0, 0);
      this.applied = key;
    }
    return this.canvas;
  }

  /** Values of the stored display image at a pixel: one for grey, three for colour. */
  valueAt(x: number, y: number): number[] | null {
    const { width, height, data } = this.source;
    if (x < 0 || y < 0 || x >= width || y >= height) return null;
    const at = (y * width + x) * 4;
    const [r, g, b] = [data[at], data[at + 1], data[at + 2]] as [number, number, number];
    return r === g && g === b ? [r] : [r, g, b];
  }
}
