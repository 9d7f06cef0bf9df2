/** How sure the model was of everything it kept, and where the threshold lies in it. */

import { lazy, Suspense } from "react";
import { useTranslation } from "react-i18next";
import type { Result } from "../domain/result";

const ScoreChart = lazy(() => import("./ScoreChart"));

interface Props {
  result: Result;
  confidence: number | null;
}

export function Scores({ result, confidence }: Props) {
  const { t } = useTranslation();
  const { findings, candidates } = result;
  const dropped = (candidates?.frames ?? []).reduce((sum, one) => sum + one.found - one.kept, 0);
  if (!findings.length) return null;
  return (
    <section className="card" aria-labelledby="scores-title">
      <h2 id="scores-title">{t("finding.scores")}</h2>
      <Suspense fallback={<div className="chart" />}>
        <ScoreChart findings={findings} confidence={confidence} />
      </Suspense>
      {dropped > 0 && <p className="soft">{t("finding.dropped", { count: dropped })}</p>}
    </section>
  );
}
