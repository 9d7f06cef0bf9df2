/** The picture: image, explanation and objects on one canvas that pans and zooms. */

import { type RefObject, useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { mark } from "../app/work";
import type { Finding } from "../domain/result";
import type { Window } from "../domain/window";
import { colorHeat } from "./heat";
import type { Levels } from "./levels";
import { drawObjects, type ObjectStyle, type Transform } from "./objects";
import { Readout } from "./Readout";
import { useImage } from "./useImage";
import { type Navigation, usePointer } from "./useNavigation";

interface Props {
  levels: Levels | null;
  unit: string | null;
  /** Address of the heatmap over it. */
  heatmap: string | null;
  width: number;
  height: number;
  opacity: number;
  window: Window | null;
  inverted: boolean;
  /** By the pointer: the width as a factor, the centre in widths. */
  onLevels: (factor: number, shift: number) => void;
  objects: readonly Finding[];
  picked: Finding | null;
  /** A click at this place of the source image. */
  onPick: ((x: number, y: number) => void) | null;
  style: ObjectStyle | null;
  name: string;
  navigation: Navigation;
  canvas: RefObject<HTMLCanvasElement | null>;
}

/** A pointer that moved less than this between down and up has clicked. */
const STILL_PX = 4;

export function Stage(props: Props) {
  const { t } = useTranslation();
  const { canvas, navigation, levels, objects, style, picked, opacity, inverted } = props;
  const { width, height, window: shown } = props;
  const heat = useImage(props.heatmap);
  const colored = useMemo(() => (heat ? colorHeat(heat) : null), [heat]);
  const size = useSize(canvas);
  const { x, y, scale } = navigation.transform(size, width, height);
  const at = useMemo<Transform>(() => ({ x, y, scale }), [x, y, scale]);
  const pressed = useRef({ x: 0, y: 0 });
  usePointer(canvas, navigation, props.onLevels);

  useEffect(() => {
    // At most one painting for each frame of the screen, whatever changed before it.
    const next = requestAnimationFrame(() => {
      const surface = canvas.current;
      const context = surface?.getContext("2d");
      if (!surface || !context || !size.width) return;
      clear(surface, context, size);
      const onBlack = style?.mode === 3;
      if (levels && !onBlack) {
        context.imageSmoothingEnabled = at.scale < 2;
        const onScreen = at.scale * (window.devicePixelRatio || 1);
        place(context, levels.at(shown, inverted, onScreen), at, width, height);
      }
      if (colored && !onBlack) {
        context.globalAlpha = opacity;
        context.imageSmoothingEnabled = true;
        place(context, colored, at, width, height);
        context.globalAlpha = 1;
      }
      if (style) drawObjects(context, objects, at, style, picked);
      mark("paint", objects.length);
    });
    return () => cancelAnimationFrame(next);
  }, [
    canvas,
    levels,
    colored,
    shown,
    inverted,
    opacity,
    objects,
    picked,
    style,
    at,
    size,
    width,
    height,
  ]);

  return (
    <div className="stage">
      {/* Objects are picked with the keyboard in their list. */}
      <canvas
        ref={canvas}
        role="img"
        aria-label={t("view.picture", { name: props.name })}
        onPointerDown={(event) => {
          pressed.current = { x: event.clientX, y: event.clientY };
        }}
        onClick={({ clientX, clientY, nativeEvent }) => {
          const moved = Math.hypot(clientX - pressed.current.x, clientY - pressed.current.y);
          if (moved > STILL_PX) return;
          props.onPick?.(
            (nativeEvent.offsetX - at.x) / at.scale,
            (nativeEvent.offsetY - at.y) / at.scale,
          );
        }}
      />
      <Readout canvas={canvas} at={at} levels={levels} unit={props.unit} />
    </div>
  );
}

/** Black and of the size of the screen's own pixels. */
function clear(
  surface: HTMLCanvasElement,
  context: CanvasRenderingContext2D,
  size: { width: number; height: number },
): void {
  const ratio = window.devicePixelRatio || 1;
  const [width, height] = [Math.round(size.width * ratio), Math.round(size.height * ratio)];
  // Setting the size makes a new surface even where it stays the same.
  if (surface.width !== width) surface.width = width;
  if (surface.height !== height) surface.height = height;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.globalAlpha = 1;
  context.fillStyle = "#000";
  context.fillRect(0, 0, size.width, size.height);
}

function place(
  context: CanvasRenderingContext2D,
  picture: CanvasImageSource,
  at: Transform,
  width: number,
  height: number,
): void {
  context.drawImage(picture, at.x, at.y, width * at.scale, height * at.scale);
}

function useSize(element: RefObject<HTMLElement | null>): { width: number; height: number } {
  const [size, setSize] = useState({ width: 0, height: 0 });
  useEffect(() => {
    if (!element.current) return;
    const observer = new ResizeObserver(([entry]) => {
      if (entry) setSize({ width: entry.contentRect.width, height: entry.contentRect.height });
    });
    observer.observe(element.current);
    return () => observer.disconnect();
  }, [element]);
  return size;
}
