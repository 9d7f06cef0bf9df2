/** Instead of the page, where config.json does not say where results come from. */

import { useTranslation } from "react-i18next";

export function Misconfigured({ reason }: { reason: string }) {
  const { t } = useTranslation();
  return (
    <main className="entrance">
      <section className="entrance-card" role="alert">
        <p className="brand">{t("brand")}</p>
        <h1>{t("config.title")}</h1>
        <p>{t("config.hint")}</p>
        <p className="entrance-reason">{reason}</p>
      </section>
    </main>
  );
}
