/** Signed in, but an administrator has not granted a project yet. */

import { useState } from "react";
import { useTranslation } from "react-i18next";
import { EntranceCard } from "./EntranceCard";
import { type Account, type Gate, SignInRefused } from "./gate";

export function Closed({ gate, account }: { gate: Gate; account: Account }) {
  const { t } = useTranslation();
  const [told, setTold] = useState("");
  const again = async () => {
    setTold("");
    try {
      await gate.again();
      setTold(t("account.stillClosed")); // not seen where the page has opened
    } catch (error) {
      if (!(error instanceof SignInRefused)) throw error;
      setTold(t(`account.reason.${error.reason}`, { code: error.code }));
    }
  };
  return (
    <EntranceCard title={t("account.closedTitle")}>
      <p>{t("account.closed", { name: account.email || account.name })}</p>
      <p role="status">{told}</p>
      <button type="button" className="primary" onClick={again}>
        {t("account.again")}
      </button>
      <button type="button" onClick={() => gate.leave()}>
        {t("account.leave")}
      </button>
    </EntranceCard>
  );
}
