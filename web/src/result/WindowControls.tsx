/** Window and level: presets, two sliders, black and white exchanged. */

import { useTranslation } from "react-i18next";
import type { Result } from "../domain/result";
import {
  BYTES,
  CT_WINDOWS,
  type CtWindow,
  drawable,
  isDeeper,
  offersCt,
  sameWindow,
  type Window,
} from "../domain/window";
import { quantity } from "../language/numbers";
import { Range } from "./Range";
import type { Pixels } from "./useLevels";
import type { View } from "./view";

interface Props {
  result: Result;
  pixels: Pixels;
  view: View;
  change: (part: Partial<View>) => void;
}

interface Preset {
  name: string;
  /** Null: the picture as it was made. */
  window: Window | null;
}

/** The window that is drawn with, whether or not the user chose it. */
export function currentWindow(view: View, pixels: Pixels): Window {
  const own = pixels.meaning?.windows[0];
  return view.window ?? (own ? drawable(own) : BYTES);
}

/** As drawn by the pointer: the width by a factor, the centre by widths. */
export function movedWindow(
  view: View,
  pixels: Pixels,
  factor: number,
  shift: number,
): Pick<View, "window"> {
  const { center, width } = currentWindow(view, pixels);
  const window: Window = {
    center: center + shift * width,
    width: Math.max(stepOf(pixels), width * factor),
    function: "LINEAR_EXACT",
  };
  return { window };
}

const stepOf = ({ meaning, levels }: Pixels): number => {
  if (meaning === null || Number.isInteger(meaning.slope)) return 1;
  const [low, high] = levels?.range ?? [0, 255];
  return (high - low) / 1000;
};

export function WindowControls({ result, pixels, view, change }: Props) {
  const { t } = useTranslation();
  const presets = usePresets(result, pixels);
  const current = currentWindow(view, pixels);
  const chosen = presets.findIndex(({ window }) =>
    window && view.window ? sameWindow(window, view.window) : window === view.window,
  );
  const [low, high] = pixels.levels?.range ?? [0, 255];
  const step = stepOf(pixels);
  const unit = pixels.meaning?.unit ? ` ${pixels.meaning.unit}` : "";
  const set = (part: Partial<Window>) =>
    change({ window: { ...current, function: "LINEAR_EXACT", ...part } });
  return (
    <fieldset className="windows">
      <legend className="unseen">{t("window.title")}</legend>
      <label className="field">
        {t("window.preset")}
        <select
          value={chosen}
          onChange={(event) =>
            change({ window: presets[Number(event.target.value)]?.window ?? null })
          }
        >
          {presets.map(({ name }, at) => (
            <option key={name} value={at}>
              {name}
            </option>
          ))}
          {chosen < 0 && <option value={-1}>{t("window.own")}</option>}
        </select>
      </label>
      <Range
        label={t("window.width")}
        value={current.width}
        minimum={step}
        maximum={Math.max(high - low, current.width)}
        step={step}
        text={`${quantity(rounded(current.width, step))}${unit}`}
        change={(width) => set({ width })}
      />
      <Range
        label={t("window.center")}
        value={current.center}
        minimum={Math.min(low, current.center)}
        maximum={Math.max(high, current.center)}
        step={step}
        text={`${quantity(rounded(current.center, step))}${unit}`}
        change={(center) => set({ center })}
      />
      <button
        type="button"
        aria-pressed={view.inverted}
        onClick={() => change({ inverted: !view.inverted })}
      >
        {t("window.invert")}
      </button>
      <Depth result={result} pixels={pixels} />
    </fieldset>
  );
}

/** Says so where less is shown than the file holds. */
function Depth({ result, pixels }: { result: Result; pixels: Pixels }) {
  const { t } = useTranslation();
  if (pixels.state === "lost") {
    return <p className="hint bad">{t("window.lost", { reason: pixels.reason })}</p>;
  }
  if (pixels.state === "none" && isDeeper(result)) {
    return <p className="hint">{t("window.bytes")}</p>;
  }
  return null;
}

const rounded = (value: number, step: number) => (step === 1 ? Math.round(value) : value);

function usePresets(result: Result, { meaning, levels, state }: Pixels): Preset[] {
  const { t } = useTranslation();
  const first = meaning?.windows[0];
  if (!meaning || !first) return [{ name: t("window.whole"), window: null }];
  const presets: Preset[] = [{ name: t(`window.by.${first.source}`), window: null }];
  meaning.windows.slice(1).forEach((one, at) => {
    presets.push({ name: t("window.further", { number: at + 2 }), window: drawable(one) });
  });
  if (offersCt(result, meaning)) {
    for (const [name, [center, width]] of Object.entries(CT_WINDOWS)) {
      const window: Window = { center, width, function: "LINEAR_EXACT" };
      presets.push({ name: t(`window.ct.${name as CtWindow}`), window });
    }
  }
  if (levels && state === "there") {
    const [low, high] = levels.range;
    presets.push({
      name: t("window.full"),
      window: { center: (low + high) / 2, width: high - low || 1, function: "LINEAR_EXACT" },
    });
  }
  return presets;
}
