/** The picture of a result with what can be changed about it. */

import { type RefObject, useMemo } from "react";
import { useTranslation } from "react-i18next";
import { useLabelName, useModel } from "../app/session";
import { numbersOf } from "../domain/numbering";
import { artifactNamed, type Finding, fileName, type Result } from "../domain/result";
import { percent } from "../language/numbers";
import { ExplanationChoice } from "./ExplanationChoice";
import type { ObjectStyle } from "./objects";
import { useAddress } from "./Picture";
import { objectAt } from "./pick";
import { Range } from "./Range";
import { Stage } from "./Stage";
import { useLevels } from "./useLevels";
import { usePlace, zoomStep } from "./useNavigation";
import { type Mode, shownExplanation, type View } from "./view";
import { movedWindow, WindowControls } from "./WindowControls";

const MODES = [0, 1, 2, 3] as const;

interface Props {
  result: Result;
  view: View;
  change: (part: Partial<View>) => void;
  /** Objects of this frame that the thresholds and the filter leave. */
  objects: readonly Finding[];
  picked: Finding | null;
  canvas: RefObject<HTMLCanvasElement | null>;
}

export function Viewer({ result, view, change, objects, picked, canvas }: Props) {
  const { t } = useTranslation();
  const navigation = usePlace();
  const pixels = useLevels(result, view.frame);
  const explanation = shownExplanation(result, view);
  const heatmap = useAddress(result.resultId, artifactNamed(result, explanation?.heatmap ?? null));
  const hasMasks = result.findings.some((one) => one.mask !== null);
  const style = useObjectStyle(result, view);
  const pick = (x: number, y: number) => {
    const one = objectAt(objects, x, y);
    const number = one && numbersOf(result.findings).get(one);
    change({
      picked: number === null || number === undefined ? null : { frame: view.frame, number },
    });
  };
  const shared = {
    levels: pixels.levels,
    unit: pixels.meaning?.unit ?? null,
    width: result.width,
    height: result.height,
    opacity: view.opacity,
    window: view.window,
    inverted: view.inverted,
    onLevels: (factor: number, shift: number) => change(movedWindow(view, pixels, factor, shift)),
    name: fileName(result.source.object),
    navigation,
  };
  return (
    <section className="viewer" aria-label={t("view.title")}>
      <div className={view.sideBySide ? "stages two" : "stages"}>
        {view.sideBySide && <PlainStage {...shared} />}
        <Stage
          {...shared}
          heatmap={heatmap}
          objects={objects}
          picked={picked}
          onPick={style && pick}
          style={style}
          canvas={canvas}
        />
      </div>
      {result.frames > 1 && (
        <div className="frames">
          <Range
            label={t("view.frame")}
            value={view.frame}
            minimum={0}
            maximum={result.frames - 1}
            step={1}
            text={`${view.frame + 1} / ${result.frames}`}
            change={(frame) => change({ frame, picked: null })}
          />
        </div>
      )}
      <div className="tools">
        <ExplanationChoice result={result} view={view} change={change} />
        {hasMasks && (
          <label className="field">
            {t("mode.title")}
            <select
              value={view.mode}
              onChange={(event) => change({ mode: Number(event.target.value) as Mode })}
            >
              {MODES.map((mode) => (
                <option key={mode} value={mode}>
                  {t(`mode.${mode}`)}
                </option>
              ))}
            </select>
          </label>
        )}
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
              change({ window: null, inverted: false });
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
      <WindowControls result={result} pixels={pixels} view={view} change={change} />
      <p className="hint">{t(style ? "view.hintObjects" : "view.hint")}</p>
    </section>
  );
}

/** How objects are drawn; null where the model finds none. */
function useObjectStyle(result: Result, view: View): ObjectStyle | null {
  const model = useModel(result.model?.name);
  const nameOf = useLabelName();
  const hasObjects = result.candidates !== null || result.model?.task === "module";
  const name = result.model?.name;
  return useMemo<ObjectStyle | null>(
    () =>
      hasObjects
        ? {
            mode: view.mode,
            opacity: view.opacity,
            colorOf: (label) => model?.colors.get(label) ?? "#E69F00",
            nameOf: (label) => nameOf(name, label),
          }
        : null,
    [hasObjects, view.mode, view.opacity, model, nameOf, name],
  );
}

/** The image alone, beside the one that is drawn on. */
function PlainStage(
  shared: Omit<
    Parameters<typeof Stage>[0],
    "heatmap" | "objects" | "style" | "canvas" | "picked" | "onPick"
  >,
) {
  const canvas = useMemo<RefObject<HTMLCanvasElement | null>>(() => ({ current: null }), []);
  return (
    <Stage
      {...shared}
      heatmap={null}
      objects={NONE}
      picked={null}
      onPick={null}
      style={null}
      canvas={canvas}
    />
  );
}

const NONE: readonly Finding[] = [];
