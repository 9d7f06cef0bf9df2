/** The picture: image, explanation and objects on one canvas that pans and zooms. */

import { type RefObject, useEffect, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Finding } from "../domain/result";
import { colorHeat } from "./heat";
import { Levels } from "./levels";
import { drawObjects, type ObjectStyle, type Transform } from "./objects";
import { type Navigation, usePointer } from "./useNavigation";

interface Props {
  /** Addresses of the display image and of the heatmap over it. */
  image: string | null;
  heatmap: string | null;
  width: number;
  height: number;
  opacity: number;
  window: number;
  level: number;
  onLevels: (window: number, level: number) => void;
  objects: readonly Finding[];
  style: ObjectStyle | null;
  name: string;
  navigation: Navigation;
  canvas: RefObject<HTMLCanvasElement | null>;
}

export function Stage(props: Props) {
  const { t } = useTranslation();
  const { canvas, navigation } = props;
  const image = useImage(props.image);
  const heat = useImage(props.heatmap);
  const levels = useMemo(() => (image ? new Levels(image) : null), [image]);
  const colored = useMemo(() => (heat ? colorHeat(heat) : null), [heat]);
  const size = useSize(canvas);
  const [pointed, setPointed] = useState<{ x: number; y: number } | null>(null);
  const at = navigation.transform(size, props.width, props.height);
  usePointer(canvas, navigation, {
    window: props.window,
    level: props.level,
    change: props.onLevels,
  });

  useEffect(() => {
    const surface = canvas.current;
    const context = surface?.getContext("2d");
    if (!surface || !context || !size.width) return;
    const ratio = window.devicePixelRatio || 1;
    surface.width = Math.round(size.width * ratio);
    surface.height = Math.round(size.height * ratio);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.fillStyle = "#000";
    context.fillRect(0, 0, size.width, size.height);
    const onBlack = props.style?.mode === 3;
    if (levels && !onBlack) {
      const picture = levels.at(props.window, props.level);
      context.imageSmoothingEnabled = at.scale < 2;
      place(context, picture, at, props.width, props.height);
    }
    if (colored && !onBlack) {
      context.globalAlpha = props.opacity;
      context.imageSmoothingEnabled = true;
      place(context, colored, at, props.width, props.height);
      context.globalAlpha = 1;
    }
    if (props.style) drawObjects(context, props.objects, at, props.style);
  });

  const value = pointed && levels?.valueAt(pointed.x, pointed.y);
  return (
    <div className="stage">
      <canvas
        ref={canvas}
        role="img"
        aria-label={t("view.picture", { name: props.name })}
        onPointerMove={(event) => {
          const x = Math.floor((event.nativeEvent.offsetX - at.x) / at.scale);
          const y = Math.floor((event.nativeEvent.offsetY - at.y) / at.scale);
          setPointed({ x, y });
        }}
        onPointerLeave={() => setPointed(null)}
      />
      {pointed && value && (
        <output className="readout">
          {t("view.pixel", pointed)}: {value.join(", ")}
        </output>
      )}
    </div>
  );
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

/** The loaded image, null until it is there. */
function useImage(address: string | null): HTMLImageElement | null {
  const [loaded, setLoaded] = useState<HTMLImageElement | null>(null);
  useEffect(() => {
    setLoaded(null);
    if (address === null) return;
    const image = new Image();
    image.crossOrigin = "anonymous";
    image.onload = () => setLoaded(image);
    image.src = address;
    return () => {
      image.onload = null;
    };
  }, [address]);
  return loaded;
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
