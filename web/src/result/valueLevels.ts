/** 16-bit levels of a greyscale frame through a window. */

import { BYTES, drawable, type Meaning, type Window } from "../domain/window";
import { keyOf, type Levels, levelTable, Surface } from "./levels";
import { endsOf, type Plane, reduced } from "./plane";

export class ValueLevels implements Levels {
  readonly range: readonly [number, number];
  /** By how many source pixels one of theirs is across. */
  private readonly planes = new Map<number, { plane: Plane; surface: Surface; applied: string }>();

  constructor(
    private readonly source: Plane,
    private readonly meaning: Meaning,
  ) {
    const ends = endsOf(source.levels, meaning.padding).map((one) => this.valueOf(one));
    this.range = [Math.min(...ends), Math.max(...ends)];
  }

  at(window: Window | null, inverted: boolean, scale: number): CanvasImageSource {
    const drawn = this.planeFor(Math.max(1, Math.floor(1 / scale)));
    const key = keyOf(window, inverted);
    if (key === drawn.applied) return drawn.surface.canvas;
    const own = this.meaning.windows[0];
    const table = levelTable(this.meaning, window ?? (own ? drawable(own) : BYTES), inverted);
    const { levels } = drawn.plane;
    const { pixels } = drawn.surface;
    for (let at = 0; at < levels.length; at += 1) {
      pixels[at] = table[levels[at] as number] as number;
    }
    drawn.applied = key;
    return drawn.surface.show();
  }

  valueAt(x: number, y: number): readonly number[] | "outside" | null {
    const { width, height, levels } = this.source;
    if (x < 0 || y < 0 || x >= width || y >= height) return null;
    const level = levels[y * width + x] as number;
    const { padding } = this.meaning;
    if (padding && level >= padding[0] && level <= padding[1]) return "outside";
    return [this.valueOf(level)];
  }

  private planeFor(across: number) {
    const known = this.planes.get(across);
    if (known) return known;
    const plane = reduced(this.source, across, this.meaning.padding);
    const made = { plane, surface: new Surface(plane.width, plane.height), applied: "" };
    this.planes.set(across, made);
    return made;
  }

  private valueOf(level: number): number {
    return this.meaning.slope * level + this.meaning.intercept;
  }
}
