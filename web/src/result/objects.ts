/** Draws objects on the canvas, in one of the four modes. */

import { inkOn } from "../domain/colors";
import type { Finding, Mask } from "../domain/result";
import { eachRun } from "../domain/rle";
import { percent } from "../language/numbers";
import type { Mode } from "./view";

/** From source pixels to those of the screen: `screen = offset + scale * source`. */
export interface Transform {
  x: number;
  y: number;
  scale: number;
}

export interface ObjectStyle {
  mode: Mode;
  opacity: number;
  colorOf: (label: string) => string;
  nameOf: (label: string) => string;
}

const FONT_PX = 12;
/** So many names are drawn whatever they hide; more only while they cover no more than `HIDDEN`. */
const FEW = 12;
const HIDDEN = 0.25;
const masks = new WeakMap<Mask, Map<string, { canvas: HTMLCanvasElement; x: number; y: number }>>();

export function drawObjects(
  context: CanvasRenderingContext2D,
  objects: readonly Finding[],
  at: Transform,
  style: ObjectStyle,
): void {
  const hasMasks = style.mode !== 1;
  if (hasMasks) for (const one of objects) drawMask(context, one, at, style);
  if (style.mode === 3) return;
  if (style.mode !== 2) {
    context.lineWidth = 2;
    for (const one of objects) {
      if (!one.box) continue;
      const [x, y, w, h] = one.box;
      context.strokeStyle = style.colorOf(one.label);
      context.strokeRect(at.x + x * at.scale, at.y + y * at.scale, w * at.scale, h * at.scale);
    }
  }
  drawNames(context, objects, at, style);
}

function drawMask(
  context: CanvasRenderingContext2D,
  one: Finding,
  at: Transform,
  style: ObjectStyle,
): void {
  if (!one.mask) return;
  const painted = paintMask(one.mask, style.colorOf(one.label));
  if (!painted) return;
  context.save();
  context.globalAlpha = style.mode === 3 ? 1 : style.opacity;
  context.imageSmoothingEnabled = false;
  context.drawImage(
    painted.canvas,
    at.x + painted.x * at.scale,
    at.y + painted.y * at.scale,
    painted.canvas.width * at.scale,
    painted.canvas.height * at.scale,
  );
  context.restore();
}

/** The mask as a canvas of its own bounding box; kept for as long as the mask is. */
function paintMask(mask: Mask, color: string) {
  const known = masks.get(mask) ?? new Map();
  masks.set(mask, known);
  const before = known.get(color);
  if (before) return before;
  let [left, top, right, bottom] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, -1, -1];
  eachRun(mask, (x, from, to) => {
    left = Math.min(left, x);
    right = Math.max(right, x + 1);
    top = Math.min(top, from);
    bottom = Math.max(bottom, to);
  });
  if (right < 0) return null;
  const canvas = document.createElement("canvas");
  canvas.width = right - left;
  canvas.height = bottom - top;
  const context = canvas.getContext("2d");
  if (!context) throw new Error("this browser gives no 2D canvas");
  context.fillStyle = color;
  eachRun(mask, (x, from, to) => context.fillRect(x - left, from - top, 1, to - from));
  const made = { canvas, x: left, y: top };
  known.set(color, made);
  return made;
}

/**
 * Names stay inside the picture: above the box, or below its top edge where there is no room. In a
 * crowd there are none beside boxes, until one has zoomed in.
 */
function drawNames(
  context: CanvasRenderingContext2D,
  objects: readonly Finding[],
  at: Transform,
  style: ObjectStyle,
): void {
  const ratio = window.devicePixelRatio || 1;
  const [width, height] = [context.canvas.width / ratio, context.canvas.height / ratio];
  context.font = `600 ${FONT_PX}px system-ui, sans-serif`;
  context.textBaseline = "top";
  const rise = FONT_PX + 6;
  const names = objects.flatMap((one) => {
    if (!one.box) return [];
    const left = at.x + one.box[0] * at.scale;
    const top = at.y + one.box[1] * at.scale;
    const right = left + one.box[2] * at.scale;
    const bottom = top + one.box[3] * at.scale;
    if (right < 0 || bottom < 0 || left > width || top > height) return [];
    const text = `${style.nameOf(one.label)} ${percent(one.score ?? one.probability)}`;
    const color = style.colorOf(one.label);
    return [{ text, color, left, top, across: context.measureText(text).width + 8 }];
  });
  const covered = names.reduce((sum, one) => sum + one.across * rise, 0);
  if (style.mode !== 2 && names.length > FEW && covered > HIDDEN * width * height) return;
  for (const { text, color, left, top, across } of names) {
    const x = Math.max(0, Math.min(left - 1, width - across));
    const y = top < rise ? Math.max(0, top) : top - rise;
    context.fillStyle = color;
    context.fillRect(x, y, across, rise);
    context.fillStyle = inkOn(color);
    context.fillText(text, x + 4, y + 3);
  }
}
