/** A heatmap (16-bit greyscale PNG) as a coloured, see-through layer. */

/** Below this share of the maximum nothing is painted, as on the server's overlay. */
const SILENT = 0.08;

/** Anchors of matplotlib's inferno (van der Walt and Smith, CC0), from 0 to 1. */
const INFERNO = [
  [0, 0, 4],
  [40, 11, 84],
  [101, 21, 110],
  [159, 42, 99],
  [212, 72, 66],
  [245, 125, 21],
  [250, 193, 39],
  [252, 255, 164],
] as const;

/** RGB of `share` in [0, 1]. */
export function heatColor(share: number): [number, number, number] {
  const at = Math.min(Math.max(share, 0), 1) * (INFERNO.length - 1);
  const low = INFERNO[Math.min(Math.floor(at), INFERNO.length - 2)] ?? INFERNO[0];
  const high = INFERNO[Math.min(Math.floor(at), INFERNO.length - 2) + 1] ?? INFERNO[0];
  const part = at - Math.min(Math.floor(at), INFERNO.length - 2);
  return [0, 1, 2].map((channel) => {
    const from = low[channel] as number;
    return Math.round(from + ((high[channel] as number) - from) * part);
  }) as [number, number, number];
}

/** Pixels across that are coloured at most: an explanation has no finer detail. */
const FINEST = 1024;

/**
 * A canvas of the heatmap's shape; browsers read 16-bit PNG as 8 bits, enough for colours.
 */
export function colorHeat(image: HTMLImageElement): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  const scale = Math.min(1, FINEST / Math.max(image.naturalWidth, image.naturalHeight));
  canvas.width = Math.max(1, Math.round(image.naturalWidth * scale));
  canvas.height = Math.max(1, Math.round(image.naturalHeight * scale));
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) throw new Error("this browser gives no 2D canvas");
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  const pixels = context.getImageData(0, 0, canvas.width, canvas.height);
  const table = Array.from({ length: 256 }, (_, value) => heatColor(value / 255));
  const { data } = pixels;
  for (let at = 0; at < data.length; at += 4) {
    const value = data[at] as number;
    const [r, g, b] = table[value] as [number, number, number];
    data[at] = r;
    data[at + 1] = g;
    data[at + 2] = b;
    data[at + 3] = value < SILENT * 255 ? 0 : value;
  }
  context.putImageData(pixels, 0, 0);
  return canvas;
}
