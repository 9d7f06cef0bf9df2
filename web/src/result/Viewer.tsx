/** The picture of a result with what can be changed about it. */

import { type RefObject, useMemo } from "react";
import { useTranslation } from "react-i18next";
import { useLabelName, useModel } from "../app/session";
import { artifactNamed, type Finding, fileName, type Result } from "../domain/result";
import { percent } from "../language/numbers";
import { ExplanationChoice } from "./ExplanationChoice";
import type { ObjectStyle } from "./objects";
import { useAddress } from "./Picture";
import { Range } from "./Range";
import { Stage } from "./Stage";
import { usePlace, zoomStep } from "./useNavigation";
import { type Mode, shownExplanation, type View } from "./view";

const MODES = [0, 1, 2, 3] as const;

interface Props {
  result: Result;
  view: View;
  change: (part: Partial<View>) => void;
  /** Objects that the thresholds and the filter leave. */
  objects: readonly Finding[];
  canvas: RefObject<HTMLCanvasElement | null>;
}

export function Viewer({ result, view, change, objects, canvas }: Props) {
  const { t } = useTranslation();
  const navigation = usePlace();
  const model = useModel(result.model?.name);
  const nameOf = useLabelName();
  const explanation = shownExplanation(result, view);
  const image = useAddress(result.resultId, artifactNamed(result, `display-${view.frame}`));
  const heatmap = useAddress(result.resultId, artifactNamed(result, explanation?.heatmap ?? null));
  const hasObjects = result.candidates !== null;
  const hasMasks = result.findings.some((one) => one.mask !== null);
  const style = useMemo<ObjectStyle | null>(
    () =>
      hasObjects
        ? {
            mode: view.mode,
            opacity: view.opacity,
            colorOf: (label) => model?.colors.get(label) ?? "#E69F00",
            nameOf: (label) => nameOf(result.model?.name, label),
          }
        : null,
    [hasObjects, view.mode, view.opacity, model, nameOf, result.model?.name],
  );
  const here = useMemo(
    () => objects.filter((one) => one.frame === view.frame),
    [objects, view.frame],
  );
  const shared = {
    image,
    width: result.width,
    height: result.height,
    opacity: view.opacity,
    window: view.window,
    level: view.level,
    onLevels: (window: number, level: number) => change({ window, level }),
    name: fileName(result.source.object),
    navigation,
  };
  return (
    <section className="viewer" aria-label={t("view.title")}>
      <div className={view.sideBySide ? "stages two" : "stages"}>
        {view.sideBySide && <PlainStage {...shared} />}
        <Stage {...shared} heatmap={heatmap} objects={here} style={style} canvas={canvas} />
      </div>
      <div className="tools">
        <ExplanationChoice result={result} view={view} change={change} />
        {hasObjects && (
          <label className="field">
            {t("mode.title")}
            <select
              value={view.mode}
              onChange={(event) => change({ mode: Number(event.target.value) as Mode })}
            >
              {MODES.filter((mode) => hasMasks || mode === 1 || mode === 0).map((mode) => (
                <option key={mode} value={mode}>
                  {t(`mode.${mode}`)}
                </option>
              ))}
            </select>
          </label>
        )}
        <div className="buttons">
          <button
            type="button"
            aria-label={t("view.zoomOut")}
            onClick={() => navigation.zoom(zoomStep.out)}
          >
            −
          </button>
          <button
            type="button"
            aria-label={t("view.zoomIn")}
            onClick={() => navigation.zoom(zoomStep.in)}
          >
            +
          </button>
          <button
            type="button"
            onClick={() => {
              navigation.reset();
              change({ window: 1, level: 0.5 });
            }}
          >
            {t("view.reset")}
          </button>
          <button
            type="button"
            aria-pressed={view.sideBySide}
            onClick={() => change({ sideBySide: !view.sideBySide })}
          >
            {t("view.sideBySide")}
          </button>
        </div>
      </div>
      <div className="sliders">
        {(explanation || hasMasks) && (
          <Range
            label={t("view.opacity")}
            value={view.opacity}
            minimum={0}
            maximum={1}
            step={0.01}
            text={percent(view.opacity)}
            change={(opacity) => change({ opacity })}
          />
        )}
        {result.frames > 1 && (
          <Range
            label={t("view.frame")}
            value={view.frame}
            minimum={0}
            maximum={result.frames - 1}
            step={1}
            text={`${view.frame + 1} / ${result.frames}`}
            change={(frame) => change({ frame })}
          />
        )}
        <Range
          label={t("view.window")}
          value={view.window}
          minimum={0.01}
          maximum={2}
          step={0.01}
          text={view.window.toFixed(2)}
          change={(window) => change({ window })}
        />
        <Range
          label={t("view.level")}
          value={view.level}
          minimum={0}
          maximum={1}
          step={0.01}
          text={view.level.toFixed(2)}
          change={(level) => change({ level })}
        />
      </div>
      <p className="hint">{t("view.hint")}</p>
    </section>
  );
}

/** The image alone, beside the one that is drawn on. */
function PlainStage(
  shared: Omit<Parameters<typeof Stage>[0], "heatmap" | "objects" | "style" | "canvas">,
) {
  const canvas = useMemo<RefObject<HTMLCanvasElement | null>>(() => ({ current: null }), []);
  return <Stage {...shared} heatmap={null} objects={[]} style={null} canvas={canvas} />;
}
