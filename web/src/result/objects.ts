/** Draws objects on the canvas, in one of the four modes. */

import type { Box, Finding, Mask } from "../domain/result";
import { eachRun } from "../domain/rle";
import { drawNames } from "./objectNames";
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

const masks = new WeakMap<Mask, Map<string, { canvas: HTMLCanvasElement; x: number; y: number }>>();

/** `picked` has a frame of its own. */
export function drawObjects(
  context: CanvasRenderingContext2D,
  objects: readonly Finding[],
  at: Transform,
  style: ObjectStyle,
  picked: Finding | null,
): void {
  const hasMasks = style.mode !== 1;
  if (hasMasks) for (const one of objects) drawMask(context, one, at, style);
  if (style.mode === 0 || style.mode === 1) drawBoxes(context, objects, at, style);
  if (picked?.box) drawPicked(context, picked.box, at);
  if (style.mode !== 3) drawNames(context, objects, at, style);
}

/**
 * Colour by colour, and on whole pixels, where browsers draw rectangles without smoothing. One path
 * of thousands of them would take five times as long.
 */
function drawBoxes(
  context: CanvasRenderingContext2D,
  objects: readonly Finding[],
  at: Transform,
  style: ObjectStyle,
): void {
  context.lineWidth = 2;
  const byLabel = new Map<string, Box[]>();
  for (const { label, box } of objects) {
    if (!box) continue;
    const alike = byLabel.get(label);
    if (alike) alike.push(box);
    else byLabel.set(label, [box]);
  }
  for (const [label, boxes] of byLabel) {
    context.strokeStyle = style.colorOf(label);
    for (const box of boxes) {
      const left = Math.round(at.x + box[0] * at.scale);
      const top = Math.round(at.y + box[1] * at.scale);
      const right = Math.round(at.x + (box[0] + box[2]) * at.scale);
      const bottom = Math.round(at.y + (box[1] + box[3]) * at.scale);
      context.strokeRect(left, top, right - left, bottom - top);
    }
  }
}

/** White within black is seen on any picture and beside any colour of a label. */
function drawPicked(
  context: CanvasRenderingContext2D,
  [x, y, w, h]: readonly [number, number, number, number],
  at: Transform,
): void {
  const around = 4;
  const box = [
    at.x + x * at.scale - around,
    at.y + y * at.scale - around,
    w * at.scale + 2 * around,
    h * at.scale + 2 * around,
  ] as const;
  for (const [color, line] of [
    ["#000", 5],
    ["#fff", 2.5],
  ] as const) {
    context.strokeStyle = color;
    context.lineWidth = line;
    context.strokeRect(...box);
  }
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
