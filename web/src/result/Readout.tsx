/** What is under the pointer. On its own, so that a moving pointer draws nothing else again. */

import { type RefObject, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { quantity } from "../language/numbers";
import type { Levels } from "./levels";
import type { Transform } from "./objects";

interface Props {
  canvas: RefObject<HTMLCanvasElement | null>;
  at: Transform;
  levels: Levels | null;
  unit: string | null;
}

export function Readout({ canvas, at, levels, unit }: Props) {
  const { t } = useTranslation();
  const [pointer, setPointer] = useState<{ x: number; y: number } | null>(null);
  useEffect(() => {
    const surface = canvas.current;
    if (!surface) return;
    const move = (event: PointerEvent) => setPointer({ x: event.offsetX, y: event.offsetY });
    const leave = () => setPointer(null);
    surface.addEventListener("pointermove", move);
    surface.addEventListener("pointerleave", leave);
    return () => {
      surface.removeEventListener("pointermove", move);
      surface.removeEventListener("pointerleave", leave);
    };
  }, [canvas]);
  if (!pointer || !levels) return null;
  const x = Math.floor((pointer.x - at.x) / at.scale);
  const y = Math.floor((pointer.y - at.y) / at.scale);
  const value = levels.valueAt(x, y);
  if (value === null) return null;
  const read = value === "outside" ? t("view.outside") : value.map(quantity).join(", ");
  return (
    <output className="readout">
      {t("view.pixel", { x, y })}: <b>{read}</b>
      {value !== "outside" && unit !== null && ` ${unit}`}
    </output>
  );
}
