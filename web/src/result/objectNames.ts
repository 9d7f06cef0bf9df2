/** Names of objects on the canvas. */

import { inkOn } from "../domain/colors";
import type { Finding } from "../domain/result";
import { percent } from "../language/numbers";
import type { ObjectStyle, Transform } from "./objects";

const FONT_PX = 12;
const RISE = FONT_PX + 6;
/** So many names are drawn whatever they hide; more only while they cover no more than `HIDDEN`. */
const FEW = 12;
const HIDDEN = 0.25;
/** And while they are no more than so many times as large as the objects that they name. */
const LARGER = 6;
/** Widths in pixels of the texts that were measured; a label has some hundred scores in percent. */
const widths = new Map<string, number>();

interface Name {
  text: string;
  color: string;
  left: number;
  top: number;
  across: number;
}

/**
 * Names stay inside the picture: above the box, or below its top edge where there is no room. In a
 * crowd there are none beside boxes, until one has zoomed in.
 */
export function drawNames(
  context: CanvasRenderingContext2D,
  objects: readonly Finding[],
  at: Transform,
  style: ObjectStyle,
): void {
  const ratio = window.devicePixelRatio || 1;
  const [width, height] = [context.canvas.width / ratio, context.canvas.height / ratio];
  context.font = `600 ${FONT_PX}px system-ui, sans-serif`;
  context.textBaseline = "top";
  const room = style.mode === 2 ? Number.POSITIVE_INFINITY : HIDDEN * width * height;
  const names: Name[] = [];
  let covered = 0;
  let named = 0;
  for (const one of objects) {
    if (!one.box) continue;
    const left = at.x + one.box[0] * at.scale;
    const top = at.y + one.box[1] * at.scale;
    const right = left + one.box[2] * at.scale;
    const bottom = top + one.box[3] * at.scale;
    if (right < 0 || bottom < 0 || left > width || top > height) continue;
    const text = `${style.nameOf(one.label)} ${percent(one.score ?? one.probability)}`;
    const across = widthOf(context, text) + 8;
    covered += across * RISE;
    named += (right - left) * (bottom - top);
    names.push({ text, color: style.colorOf(one.label), left, top, across });
    if (names.length > FEW && covered > room) return;
  }
  if (style.mode !== 2 && names.length > FEW && covered > LARGER * named) return;
  // The surest come first: where two names meet, theirs lies on top.
  for (const { text, color, left, top, across } of names.reverse()) {
    const x = Math.max(0, Math.min(left - 1, width - across));
    const y = top < RISE ? Math.max(0, top) : top - RISE;
    context.fillStyle = color;
    context.fillRect(x, y, across, RISE);
    context.fillStyle = inkOn(color);
    context.fillText(text, x + 4, y + 3);
  }
}

function widthOf(context: CanvasRenderingContext2D, text: string): number {
  const known = widths.get(text);
  if (known !== undefined) return known;
  const measured = context.measureText(text).width;
  widths.set(text, measured);
  return measured;
}
