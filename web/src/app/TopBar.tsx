/** Name, connection, upload, language and colours. */

import { useContext, useState } from "react";
import { useTranslation } from "react-i18next";
import { LANGUAGES, type Language, speak } from "../language/i18n";
import { UploadButtons } from "../upload/UploadButtons";
import { useConnection } from "../worklist/rows";
import { AccountSlot } from "./account";
import { useSession } from "./session";
import { setTheme, THEMES, type Theme, theme } from "./theme";

export function TopBar() {
  const { t, i18n } = useTranslation();
  const { rows } = useSession();
  const connection = useConnection(rows);
  const account = useContext(AccountSlot);
  const [colours, setColours] = useState<Theme>(theme);
  return (
    <header className="bar">
      <a className="brand" href="#/">
        {t("brand")}
      </a>
      <span className={`connection ${connection}`} role="status">
        {t(`connection.${connection}`)}
      </span>
      <span className="space" />
      <UploadButtons />
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
      <label className="plain">
        <span className="unseen">{t("theme.title")}</span>
        <select
          value={colours}
          onChange={(event) => {
            setTheme(event.target.value as Theme);
            setColours(event.target.value as Theme);
          }}
        >
          {THEMES.map((one) => (
            <option key={one} value={one}>
              {t(`theme.${one}`)}
            </option>
          ))}
        </select>
      </label>
      {account}
    </header>
  );
}
