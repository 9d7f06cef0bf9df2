/** Panning, zooming, and window and level with the pointer and the keyboard. */

import { type RefObject, useEffect, useMemo, useRef, useState } from "react";
import type { Transform } from "./objects";

const FARTHEST = 40;
const STEP = 1.25;
/** Pixels of the pointer's way in which the window becomes e times as wide. */
const WIDER_PX = 200;
/** Pixels of the pointer's way in which the window moves by its own width. */
const SHIFT_PX = 300;

export interface Navigation {
  /** Where the picture lies in an area of `size`. */
  transform(size: { width: number; height: number }, width: number, height: number): Transform;
  /** `at`: the point that stays where it is, from the middle of the area. */
  zoom(factor: number, at?: { x: number; y: number }): void;
  pan(x: number, y: number): void;
  reset(): void;
}

/** Zoom and shift are relative to the fitted picture, so they survive a change of size. */
export function usePlace(): Navigation {
  const [place, setPlace] = useState({ zoom: 1, x: 0, y: 0 });
  return useMemo(
    () => ({
      transform(size, width, height) {
        const fit = Math.min(size.width / Math.max(width, 1), size.height / Math.max(height, 1));
        const scale = fit * place.zoom;
        return {
          scale,
          x: (size.width - width * scale) / 2 + place.x,
          y: (size.height - height * scale) / 2 + place.y,
        };
      },
      zoom(factor, at = { x: 0, y: 0 }) {
        setPlace((before) => {
          const zoom = Math.min(FARTHEST, Math.max(1, before.zoom * factor));
          const grown = zoom / before.zoom;
          if (zoom === 1) return { zoom, x: 0, y: 0 };
          return {
            zoom,
            x: at.x - (at.x - before.x) * grown,
            y: at.y - (at.y - before.y) * grown,
          };
        });
      },
      pan: (x, y) => setPlace((before) => ({ ...before, x: before.x + x, y: before.y + y })),
      reset: () => setPlace({ zoom: 1, x: 0, y: 0 }),
    }),
    [place],
  );
}

/** Listens on the canvas: wheel and pinch zoom, drag pans, Shift and drag moves the window. */
export function usePointer(
  canvas: RefObject<HTMLCanvasElement | null>,
  navigation: Navigation,
  changeLevels: (factor: number, shift: number) => void,
): void {
  const latest = useRef({ navigation, changeLevels });
  latest.current = { navigation, changeLevels };
  useEffect(() => {
    const surface = canvas.current;
    if (!surface) return;
    const fingers = new Map<number, { x: number; y: number }>();
    const fromMiddle = (x: number, y: number) => {
      const box = surface.getBoundingClientRect();
      return { x: x - box.left - box.width / 2, y: y - box.top - box.height / 2 };
    };
    const wheel = (event: WheelEvent) => {
      event.preventDefault();
      const factor = Math.exp(-event.deltaY * (event.deltaMode === 1 ? 0.03 : 0.0015));
      latest.current.navigation.zoom(factor, fromMiddle(event.clientX, event.clientY));
    };
    const down = (event: PointerEvent) => {
      surface.setPointerCapture(event.pointerId);
      fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    };
    const move = (event: PointerEvent) => {
      const before = fingers.get(event.pointerId);
      if (!before) return;
      const now = { x: event.clientX, y: event.clientY };
      const { navigation, changeLevels } = latest.current;
      const [dx, dy] = [now.x - before.x, now.y - before.y];
      const other = [...fingers].find(([id]) => id !== event.pointerId)?.[1];
      if (other) {
        const apart = (point: { x: number; y: number }) =>
          Math.hypot(point.x - other.x, point.y - other.y);
        const middle = fromMiddle((now.x + other.x) / 2, (now.y + other.y) / 2);
        navigation.zoom(apart(now) / Math.max(apart(before), 1), middle);
      } else if (event.shiftKey) {
        changeLevels(Math.exp(dx / WIDER_PX), -dy / SHIFT_PX);
      } else {
        navigation.pan(dx, dy);
      }
      fingers.set(event.pointerId, now);
    };
    const up = (event: PointerEvent) => fingers.delete(event.pointerId);
    surface.addEventListener("wheel", wheel, { passive: false });
    surface.addEventListener("pointerdown", down);
    surface.addEventListener("pointermove", move);
    surface.addEventListener("pointerup", up);
    surface.addEventListener("pointercancel", up);
    return () => {
      surface.removeEventListener("wheel", wheel);
      surface.removeEventListener("pointerdown", down);
      surface.removeEventListener("pointermove", move);
      surface.removeEventListener("pointerup", up);
      surface.removeEventListener("pointercancel", up);
    };
  }, [canvas]);
}

export const zoomStep = { in: STEP, out: 1 / STEP };
