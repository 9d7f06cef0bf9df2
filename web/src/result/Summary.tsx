/** What was found, in one line under the name of the file. */

import { useTranslation } from "react-i18next";
import { useLabelName } from "../app/session";
import type { Finding, Result } from "../domain/result";
import { percent } from "../language/numbers";

interface Props {
  result: Result;
  /** Those that are shown; null: the model names labels and finds no objects. */
  objects: readonly Finding[] | null;
  /** Operating points that the user moved. */
  thresholds: ReadonlyMap<string, number>;
}

const MOST = 4;

export function Summary({ result, objects, thresholds }: Props) {
  const { t } = useTranslation();
  const nameOf = useLabelName();
  if (result.status === "queued" || result.status === "failed") return null;
  const found = objects ? countsOf(objects) : sharesOf(result.findings, thresholds);
  if (!found.length) return <p className="summary">{t("list.nothingFound")}</p>;
  const words = found
    .slice(0, MOST)
    .map(([label, value]) => `${nameOf(result.model?.name, label)} ${value}`);
  return (
    <p className="summary found">
      {t("finding.summary", { found: words.join(", ") })}{" "}
      {found.length > MOST && t("list.more", { count: found.length - MOST })}
    </p>
  );
}

/** Objects of each label, the most first. */
function countsOf(objects: readonly Finding[]): [string, string][] {
  const counts = new Map<string, number>();
  for (const { label } of objects) counts.set(label, (counts.get(label) ?? 0) + 1);
  return [...counts]
    .sort((a, b) => b[1] - a[1])
    .map(([label, count]): [string, string] => [label, `× ${count}`]);
}

/** Labels that reach their operating point in some frame, with their highest probability. */
function sharesOf(
  findings: readonly Finding[],
  thresholds: ReadonlyMap<string, number>,
): [string, string][] {
  const best = new Map<string, number>();
  for (const { label, probability, threshold } of findings) {
    if (probability < (thresholds.get(label) ?? threshold ?? 0.5)) continue;
    best.set(label, Math.max(probability, best.get(label) ?? 0));
  }
  return [...best]
    .sort((a, b) => b[1] - a[1])
    .map(([label, share]): [string, string] => [label, percent(share)]);
}
