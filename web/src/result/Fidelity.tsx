/** How far the explanation that is shown can be trusted. */

import { useTranslation } from "react-i18next";
import { useLabelName } from "../app/session";
import type { Result } from "../domain/result";
import { methodName } from "../language/names";
import { shownExplanation, type View } from "./view";

const FIGURES = ["deletion", "insertion", "r2"] as const;

export function Fidelity({ result, view }: { result: Result; view: View }) {
  const { t } = useTranslation();
  const nameOf = useLabelName();
  const shown = shownExplanation(result, view);
  const failed = result.explanations.filter((one) => one.frame === view.frame && one.error);
  if (!shown && !failed.length) return null;
  return (
    <section className="card" aria-labelledby="fidelity-title">
      <h2 id="fidelity-title">{t("finding.trust")}</h2>
      {shown && (
        <>
          <p className="soft">
            {methodName(shown.method)} · {nameOf(result.model?.name, shown.label)}
          </p>
          <dl className="figures">
            {FIGURES.filter((name) => name in shown.fidelity).map((name) => (
              <div key={name} title={t(`fidelity.${name}Hint`)}>
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
}
