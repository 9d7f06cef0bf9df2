/** The frame of what is shown before the page: the name, one card, the language. */

import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { LANGUAGES, type Language, speak } from "../language/i18n";

export function EntranceCard({ title, children }: { title: string; children: ReactNode }) {
  const { t, i18n } = useTranslation();
  return (
    <main className="entrance">
      <section className="entrance-card" aria-labelledby="entrance-title">
        <p className="brand">{t("brand")}</p>
        <h1 id="entrance-title">{title}</h1>
        {children}
      </section>
      <label className="plain">
        <span className="unseen">{t("language")}</span>
        <select
          value={i18n.language}
          onChange={(event) => void speak(event.target.value as Language)}
        >
          {Object.entries(LANGUAGES).map(([code, name]) => (
            <option key={code} value={code}>
              {name}
            </option>
          ))}
        </select>
      </label>
    </main>
  );
}
