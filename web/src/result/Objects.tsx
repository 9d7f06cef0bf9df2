/** Objects of a detector or segmenter: thresholds without another inference, counts by class. */

import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { useLabelName, useModel } from "../app/session";
import type { Finding, Result } from "../domain/result";
import { ObjectList } from "./ObjectList";
import { Range } from "./Range";
import { DEFAULT_IOU, type View } from "./view";

interface Props {
  result: Result;
  view: View;
  change: (part: Partial<View>) => void;
  objects: readonly Finding[];
  /** Those of the frame that is shown. */
  here: readonly Finding[];
  picked: Finding | null;
}

export function Objects({ result, view, change, objects, here, picked }: Props) {
  const { t } = useTranslation();
  return (
    <section className="card" aria-labelledby="objects-title">
      <h2 id="objects-title">
        {t("finding.title")} <b className="count">{objects.length}</b>
      </h2>
      {objects.length === 0 && (
        <p>
          <strong>{t("finding.nothing")}.</strong> {t("finding.noObjects")}
        </p>
      )}
      <Classes result={result} view={view} change={change} objects={objects} />
      <Thresholds result={result} view={view} change={change} />
      {here.length > 0 && (
        <>
          <h3>{t("object.list")}</h3>
          <ObjectList result={result} objects={here} picked={picked} change={change} />
        </>
      )}
    </section>
  );
}

function Classes({ result, view, change, objects }: Omit<Props, "here" | "picked">) {
  const { t } = useTranslation();
  const model = useModel(result.model?.name);
  const nameOf = useLabelName();
  const labels = useMemo(
    () =>
      model?.labels.map((label) => label.id) ?? [
        ...new Set(result.findings.map((one) => one.label)),
      ],
    [model, result.findings],
  );
  const counts = useMemo(() => {
    const found = new Map<string, number>();
    for (const one of objects) found.set(one.label, (found.get(one.label) ?? 0) + 1);
    return found;
  }, [objects]);
  const toggle = (label: string) => {
    const hidden = new Set(view.hidden);
    if (!hidden.delete(label)) hidden.add(label);
    change({ hidden });
  };
  return (
    <ul className="classes" aria-label={t("finding.classes")}>
      {labels.map((label) => (
        <li key={label}>
          <label>
            <input
              type="checkbox"
              checked={!view.hidden.has(label)}
              onChange={() => toggle(label)}
            />
            <i className="swatch" style={{ background: model?.colors.get(label) ?? "#E69F00" }} />
            {nameOf(result.model?.name, label)}
          </label>
          <b>{counts.get(label) ?? 0}</b>
        </li>
      ))}
    </ul>
  );
}

function Thresholds({ result, view, change }: Pick<Props, "result" | "view" | "change">) {
  const { t } = useTranslation();
  const model = useModel(result.model?.name);
  const candidates = result.candidates;
  const own = candidates?.iou ?? DEFAULT_IOU;
  const moved = view.confidence !== null || view.iou !== own || view.hidden.size > 0;
  return (
    <>
      <Range
        label={t("finding.confidence")}
        value={view.confidence ?? model?.labels[0]?.threshold ?? 0.5}
        minimum={candidates?.minimumScore ?? 0}
        maximum={1}
        step={0.005}
        text={view.confidence === null ? t("finding.own") : view.confidence.toFixed(3)}
        change={(confidence) => change({ confidence })}
      />
      <Range
        label={t("finding.iou")}
        value={view.iou}
        minimum={0}
        maximum={1}
        step={0.01}
        text={view.iou.toFixed(2)}
        change={(iou) => change({ iou })}
      />
      <p className="hint">{t("finding.thresholdHint")}</p>
      {moved && (
        <button
          type="button"
          className="link"
          onClick={() => change({ confidence: null, iou: own, hidden: new Set() })}
        >
          {t("finding.reset")}
        </button>
      )}
    </>
  );
}
