/** The page: the worklist on one side, the chosen result on the other. */

import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { ResultPage } from "../result/ResultPage";
import { UploadArea } from "../upload/UploadArea";
import { useNewest } from "../worklist/rows";
import { Worklist } from "../worklist/Worklist";
import { useChosen } from "./address";
import { useSession } from "./session";
import { TopBar } from "./TopBar";

const WIDE = matchMedia("(min-width: 900px)");

export function App() {
  const { t } = useTranslation();
  const { rows } = useSession();
  const newest = useNewest(rows);
  const named = useChosen();
  const wide = useWide();
  // On a wide screen the newest is shown until something is chosen; on a phone the list is.
  const shown = named ?? (wide ? newest : null);
  return (
    <UploadArea>
      <a className="skip" href="#result">
        {t("skip")}
      </a>
      <TopBar />
      <div className="page" data-reading={named !== null}>
        <Worklist current={shown} />
        <main id="result" tabIndex={-1}>
          <ResultPage key={shown} resultId={shown} />
        </main>
      </div>
    </UploadArea>
  );
}

function useWide(): boolean {
  const [wide, setWide] = useState(WIDE.matches);
  useEffect(() => {
    const change = () => setWide(WIDE.matches);
    WIDE.addEventListener("change", change);
    return () => WIDE.removeEventListener("change", change);
  }, []);
  return wide;
}
