/** Probabilities of a classifier, with operating points that can be moved. */

import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useLabelName, useModel } from "../app/session";
import type { Finding, Result } from "../domain/result";
import { percent } from "../language/numbers";
import { Ask } from "./Ask";
import type { Explaining } from "./useExplaining";
import type { View } from "./view";

interface Props {
  result: Result;
  view: View;
  change: (part: Partial<View>) => void;
  explaining: Explaining;
}

export function Labels({ result, view, change, explaining }: Props) {
  const { t } = useTranslation();
  const model = useModel(result.model?.name);
  const here = result.findings
    .filter((one) => one.frame === view.frame)
    .toSorted((a, b) => b.probability - a.probability);
  const pointOf = (one: Finding) => view.thresholds.get(one.label) ?? one.threshold ?? 0.5;
  const found = here.filter((one) => one.probability >= pointOf(one));
  return (
    <section className="card" aria-labelledby="labels-title">
      <h2 id="labels-title">{t("finding.title")}</h2>
      {found.length === 0 && (
        <p>
          <strong>{t("finding.nothing")}.</strong> {t("finding.nothingHint")}
        </p>
      )}
      <ul className="labels">
        {here.map((one) => (
          <LabelBar
            key={one.label}
            one={one}
            model={result.model?.name}
            color={model?.colors.get(one.label) ?? "#E69F00"}
            point={pointOf(one)}
            move={(point) => change({ thresholds: new Map(view.thresholds).set(one.label, point) })}
          >
            <Ask
              result={result}
              subject={{ frame: view.frame, label: one.label, object: null }}
              view={view}
              explaining={explaining}
            />
          </LabelBar>
        ))}
      </ul>
      {view.thresholds.size > 0 && (
        <button type="button" className="link" onClick={() => change({ thresholds: new Map() })}>
          {t("finding.reset")}
        </button>
      )}
    </section>
  );
}

interface BarProps {
  one: Finding;
  model: string | undefined;
  color: string;
  point: number;
  move: (point: number) => void;
  /** What can be asked about it. */
  children: ReactNode;
}

function LabelBar({ one, model, color, point, move, children }: BarProps) {
  const { t } = useTranslation();
  const label = useLabelName()(model, one.label);
  const positive = one.probability >= point;
  return (
    <li className={positive ? "positive" : ""}>
      <span className="label-name">{label}</span>
      <span className="label-verdict">{t(positive ? "finding.positive" : "finding.negative")}</span>
      <span className="label-value">{percent(one.probability)}</span>
      <span className="label-track">
        <span className="fill" style={{ width: `${one.probability * 100}%`, background: color }} />
        <input
          type="range"
          min={0}
          max={1}
          step={0.005}
          value={point}
          aria-label={t("finding.threshold", { label })}
          aria-valuetext={percent(point)}
          onChange={(event) => move(Number(event.target.value))}
        />
      </span>
      <span className="soft">{t("finding.thresholdShort", { value: percent(point) })}</span>
      <details className="why">
        <summary>{t("why.label", { label })}</summary>
        {children}
      </details>
    </li>
  );
}
