/** How the scores of all candidates are spread, with the confidence threshold in it. */

import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { Bar, BarChart, ReferenceLine, ResponsiveContainer, XAxis, YAxis } from "recharts";
import type { Finding } from "../domain/result";

const BINS = 20;

interface Props {
  findings: readonly Finding[];
  confidence: number | null;
}

export default function ScoreChart({ findings, confidence }: Props) {
  const { t } = useTranslation();
  const data = useMemo(() => {
    const counts = new Array<number>(BINS).fill(0);
    for (const one of findings) {
      const at = Math.min(BINS - 1, Math.floor((one.score ?? 0) * BINS));
      counts[at] = (counts[at] ?? 0) + 1;
    }
    return counts.map((count, at) => ({ score: (at + 0.5) / BINS, count }));
  }, [findings]);
  return (
    <figure className="chart" aria-label={t("finding.scores")}>
      <ResponsiveContainer width="100%" height={110}>
        <BarChart
          data={data}
          margin={{ top: 4, right: 8, bottom: 0, left: -18 }}
          barCategoryGap={1}
        >
          <XAxis dataKey="score" type="number" domain={[0, 1]} ticks={[0, 0.25, 0.5, 0.75, 1]} />
          <YAxis allowDecimals={false} width={44} />
          <Bar dataKey="count" fill="var(--accent)" isAnimationActive={false} />
          {confidence !== null && <ReferenceLine x={confidence} stroke="var(--found)" />}
        </BarChart>
      </ResponsiveContainer>
    </figure>
  );
}
