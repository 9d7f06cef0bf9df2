/** What went wrong, in plain words, with what to do. */

import { useTranslation } from "react-i18next";
import type { ErrorRecord } from "../domain/result";

export function Failure({ error }: { error: ErrorRecord }) {
  const { t, i18n } = useTranslation();
  const code = (i18n.exists(`error.${error.code}`) ? error.code : "other") as "other";
  return (
    <section className="card failure" role="alert">
      <h2>{t(`error.${code}`)}</h2>
      <p>{error.message}</p>
      <p>
        <strong>{t(`advice.${code}`)}</strong> {error.retryable && t("error.retry")}
      </p>
      <p className="soft">
        <code>{error.code}</code> · {t("error.stage", { stage: error.stage })}
      </p>
    </section>
  );
}
