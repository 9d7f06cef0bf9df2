/**
 * How the scores of all candidates are spread. The chart is drawn once; only the line of the
 * confidence threshold moves over it.
 */

import { memo, useMemo } from "react";
import { useTranslation } from "react-i18next";
import { Bar, BarChart, ResponsiveContainer, XAxis, YAxis } from "recharts";
import { mark } from "../app/work";
import type { Finding } from "../domain/result";

const BINS = 20;
const MARGIN = { top: 4, right: 8, bottom: 0, left: 0 };
const AXIS_PX = 40;
/** Where the plot begins, from the left edge of the chart. */
const LEFT_PX = MARGIN.left + AXIS_PX;

interface Props {
  findings: readonly Finding[];
  confidence: number | null;
}

export default function ScoreChart({ findings, confidence }: Props) {
  const { t } = useTranslation();
  const across = `calc(${LEFT_PX}px + (100% - ${LEFT_PX + MARGIN.right}px) * ${confidence ?? 0})`;
  return (
    <figure className="chart scores" aria-label={t("finding.scores")}>
      <Bars findings={findings} />
      {confidence !== null && <span className="threshold" style={{ left: across }} />}
    </figure>
  );
}

/** A chart takes some ten milliseconds to draw, and does not depend on the threshold. */
const Bars = memo(function Bars({ findings }: { findings: readonly Finding[] }) {
  mark("render", "scores");
  const data = useMemo(() => {
    const counts = new Array<number>(BINS).fill(0);
    for (const one of findings) {
      const at = Math.min(BINS - 1, Math.floor((one.score ?? 0) * BINS));
      counts[at] = (counts[at] ?? 0) + 1;
    }
    return counts.map((count, at) => ({ score: (at + 0.5) / BINS, count }));
  }, [findings]);
  return (
    <ResponsiveContainer width="100%" height={110}>
      <BarChart data={data} margin={MARGIN} barCategoryGap={1}>
        <XAxis dataKey="score" type="number" domain={[0, 1]} ticks={[0, 0.25, 0.5, 0.75, 1]} />
        <YAxis allowDecimals={false} width={AXIS_PX} />
        <Bar dataKey="count" fill="var(--accent)" isAnimationActive={false} />
      </BarChart>
    </ResponsiveContainer>
  );
});
