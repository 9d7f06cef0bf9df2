/** Milliseconds by stage, in the order in which they ran. */

import { useTranslation } from "react-i18next";
import { Bar, BarChart, LabelList, ResponsiveContainer, XAxis, YAxis } from "recharts";
import { milliseconds } from "../language/numbers";

const STAGES = ["ingest", "predict", "explain"];
const ROW_PX = 26;

export default function TimelineChart({ timeline }: { timeline: Record<string, number> }) {
  const { t } = useTranslation();
  const rank = (stage: string) => {
    const at = STAGES.indexOf(stage.split(".")[0] ?? "");
    return at < 0 ? STAGES.length : at;
  };
  const data = Object.entries(timeline)
    .map(([stage, ms]) => ({ stage, ms, text: milliseconds(ms) }))
    .sort((a, b) => rank(a.stage) - rank(b.stage));
  return (
    <figure className="chart" aria-label={t("about.timeline")}>
      <ResponsiveContainer width="100%" height={data.length * ROW_PX + 8}>
        <BarChart data={data} layout="vertical" margin={{ top: 0, right: 56, bottom: 0, left: 0 }}>
          <XAxis type="number" hide />
          <YAxis dataKey="stage" type="category" width={150} tickLine={false} interval={0} />
          <Bar dataKey="ms" fill="var(--accent)" isAnimationActive={false} minPointSize={2}>
            <LabelList dataKey="text" position="right" />
          </Bar>
        </BarChart>
      </ResponsiveContainer>
    </figure>
  );
}
