/** One result: what was found, how sure, why, and how to get the numbers out. */

import { useMemo, useReducer, useRef } from "react";
import { useTranslation } from "react-i18next";
import { useChosen } from "../app/address";
import { fileName, type Result } from "../domain/result";
import { Candidates } from "../domain/suppression";
import { moment } from "../language/numbers";
import { Details } from "./Details";
import { Exports } from "./Exports";
import { Failure } from "./Failure";
import { Fidelity } from "./Fidelity";
import { Labels } from "./Labels";
import { Objects } from "./Objects";
import { useResult } from "./useResult";
import { Viewer } from "./Viewer";
import { keyOf, readyExplanations, startView, type View } from "./view";

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
      return <Shown result={followed.result} />;
  }
}

function Shown({ result }: { result: Result }) {
  const { t, i18n } = useTranslation();
  const named = useChosen();
  const canvas = useRef<HTMLCanvasElement>(null);
  const [chosen, change] = useReducer(
    (before: View, part: Partial<View>) => ({ ...before, ...part }),
    result,
    startView,
  );
  const touched = useRef(false);
  const view = useMemo(() => arrived(result, chosen, touched.current), [result, chosen]);
  const update = (part: Partial<View>) => {
    if ("explanation" in part) touched.current = true;
    change(part);
  };
  const candidates = useMemo(() => new Candidates(result.findings), [result.findings]);
  const objects = useMemo(
    () =>
      candidates
        .shown(view.confidence, view.iou)
        .flatMap((position) => result.findings[position] ?? [])
        .filter((one) => !view.hidden.has(one.label)),
    [candidates, result.findings, view.confidence, view.iou, view.hidden],
  );
  return (
    <article className="result">
      <header>
        {named !== null && (
          <a className="back" href="#/">
            {t("result.back")}
          </a>
        )}
        <h1 title={result.source.object}>{fileName(result.source.object)}</h1>
        <p className="under">
          <span className={`pill ${result.status}`}>{t(`status.${result.status}`)}</span>
          {result.model && <span>{`${result.model.name} ${result.model.version}`}</span>}
          <span>
            {moment(result.timestamps.queued ?? result.timestamps.failed ?? 0, i18n.language)}
          </span>
        </p>
        <Exports result={result} objects={objects} canvas={canvas} />
      </header>
      {result.error && <Failure error={result.error} />}
      <div className="columns">
        {result.width > 0 && (
          <Viewer result={result} view={view} change={update} objects={objects} canvas={canvas} />
        )}
        <div className="panels">
          {result.status === "queued" && <p className="card soft">{t("result.waiting")}</p>}
          {result.candidates ? (
            <Objects result={result} view={view} change={update} objects={objects} />
          ) : (
            result.findings.length > 0 && <Labels result={result} view={view} change={update} />
          )}
          <Fidelity result={result} view={view} />
          <Details result={result} />
        </div>
      </div>
    </article>
  );
}

/** Until the user chose one, the first explanation is shown as soon as it has been made. */
function arrived(result: Result, view: View, touched: boolean): View {
  if (touched || view.explanation !== null) return view;
  const first = readyExplanations(result, view.frame)[0];
  return first ? { ...view, explanation: keyOf(first) } : view;
}
