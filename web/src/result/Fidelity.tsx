/** How far the explanation that is shown can be trusted. */

import { memo } from "react";
import { useTranslation } from "react-i18next";
import { useLabelName } from "../app/session";
import type { Explanation, Result } from "../domain/result";
import { methodName } from "../language/names";

const FIGURES = ["deletion", "insertion", "r2"] as const;

interface Props {
  result: Result;
  frame: number;
  shown: Explanation | undefined;
}

export const Fidelity = memo(function Fidelity({ result, frame, shown }: Props) {
  const { t } = useTranslation();
  const nameOf = useLabelName();
  const failed = result.explanations.filter(
    (one) => one.frame === frame && one.error && one.objectIndex === null,
  );
  if (!shown && !failed.length) return null;
  return (
    <section className="card" aria-labelledby="fidelity-title">
      <h2 id="fidelity-title">{t("finding.trust")}</h2>
      {shown && (
        <>
          <p className="soft">
            {methodName(shown.method)} · {nameOf(result.model?.name, shown.label)}
            {shown.objectIndex !== null && ` #${shown.objectIndex}`}
          </p>
          <dl className="figures">
            {FIGURES.filter((name) => name in shown.fidelity).map((name) => (
              <div key={name}>
                <dt>{t(`fidelity.${name}`)}</dt>
                <dd>{shown.fidelity[name]?.toFixed(2)}</dd>
                <dd className="soft">{t(`fidelity.${name}Hint`)}</dd>
              </div>
            ))}
          </dl>
          {Object.keys(shown.fidelity).length === 0 && <p>{t("fidelity.none")}</p>}
        </>
      )}
      {failed.map((one) => (
        <p key={`${one.method} ${one.label}`} className="bad">
          {t("view.failed", { method: methodName(one.method) })}: {one.error?.message}
        </p>
      ))}
    </section>
  );
});
