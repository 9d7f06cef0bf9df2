/** Levels of a frame: their ends, and fewer of them for a small screen. */

export interface Plane {
  width: number;
  height: number;
  levels: Uint16Array;
}

type Padding = readonly [low: number, high: number] | null;

/** Least and greatest level that is not padding. */
export function endsOf(levels: Uint16Array, padding: Padding): [number, number] {
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

/**
 * Means over squares of `across` pixels, cut at the right and lower edge; of the pixels that are no
 * padding, or padding where there are none.
 */
export function reduced(source: Plane, across: number, padding: Padding): Plane {
  if (across === 1) return source;
  const [from, to] = padding ?? [1, 0];
  const width = Math.ceil(source.width / across);
  const height = Math.ceil(source.height / across);
  const levels = new Uint16Array(width * height);
  for (let row = 0; row < height; row += 1) {
    const bottom = Math.min(source.height, (row + 1) * across);
    for (let column = 0; column < width; column += 1) {
      const right = Math.min(source.width, (column + 1) * across);
      let [sum, count] = [0, 0];
      for (let y = row * across; y < bottom; y += 1) {
        for (let at = y * source.width + column * across; at < y * source.width + right; at += 1) {
          const level = source.levels[at] as number;
          if (level >= from && level <= to) continue;
          sum += level;
          count += 1;
        }
      }
      levels[row * width + column] = count ? Math.round(sum / count) : from;
    }
  }
  return { width, height, levels };
}
