/** One result: what was found, how sure, why, and how to get the numbers out. */

import { useTranslation } from "react-i18next";
import { ShownResult } from "./ShownResult";
import { useResult } from "./useResult";

export function ResultPage({ resultId }: { resultId: string | null }) {
  const { t } = useTranslation();
  const followed = useResult(resultId);
  if (resultId === null) {
    return (
      <div className="blank">
        <h1>{t("tagline")}</h1>
        <p>{t("result.none")}</p>
      </div>
    );
  }
  switch (followed.state) {
    case "reading":
      return <div className="blank" aria-busy="true" />;
    case "missing":
      return (
        <div className="blank" role="alert">
          <h1>{t("result.missing")}</h1>
          <p>{t("result.missingHint")}</p>
        </div>
      );
    case "unreadable":
      return (
        <div className="blank" role="alert">
          <h1>{t("result.unreadable")}</h1>
          <p>{followed.reason}</p>
        </div>
      );
    case "there":
      return <ShownResult result={followed.result} />;
  }
}
