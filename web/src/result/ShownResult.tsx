/** A result that is there: its picture on one side, findings and details on the other. */

import { useCallback, useMemo, useReducer, useRef } from "react";
import { useTranslation } from "react-i18next";
import { useChosen } from "../app/address";
import { mark } from "../app/work";
import { objectNumbered } from "../domain/numbering";
import { type Finding, fileName, type Result } from "../domain/result";
import { Candidates } from "../domain/suppression";
import { moment } from "../language/numbers";
import { Details } from "./Details";
import { Exports } from "./Exports";
import { Failure } from "./Failure";
import { FeedbackPanel } from "./FeedbackPanel";
import { Fidelity } from "./Fidelity";
import { Labels } from "./Labels";
import { Objects } from "./Objects";
import { PickedObject } from "./PickedObject";
import { Scores } from "./Scores";
import { Summary } from "./Summary";
import { useExplaining } from "./useExplaining";
import { Viewer } from "./Viewer";
import { keyOf, readyExplanations, shownExplanation, startView, type View } from "./view";

export function ShownResult({ result }: { result: Result }) {
  const { t } = useTranslation();
  const canvas = useRef<HTMLCanvasElement>(null);
  const [chosen, change] = useReducer(
    (before: View, part: Partial<View>) => ({ ...before, ...part }),
    result,
    startView,
  );
  const touched = useRef(false);
  const view = useMemo(() => arrived(result, chosen, touched.current), [result, chosen]);
  const update = useCallback((part: Partial<View>) => {
    if ("explanation" in part) touched.current = true;
    change(part);
  }, []);
  const objects = useShownObjects(result, view);
  const here = useMemo(
    () => (result.frames > 1 ? objects.filter((one) => one.frame === view.frame) : objects),
    [objects, result.frames, view.frame],
  );
  const picked =
    view.picked?.frame === view.frame
      ? objectNumbered(result.findings, view.frame, view.picked.number)
      : null;
  const explaining = useExplaining(result, update);
  const shared = { result, view, change: update };
  const hasObjects = result.candidates !== null || result.model?.task === "module";
  const isPredicted = result.status === "predicted" || result.status === "explained";
  return (
    <article className="result">
      <Header
        result={result}
        objects={hasObjects ? objects : null}
        thresholds={view.thresholds}
        canvas={canvas}
      />
      {result.error && <Failure error={result.error} />}
      <div className="columns">
        {result.width > 0 && <Viewer {...shared} objects={here} picked={picked} canvas={canvas} />}
        <div className="panels">
          {result.status === "queued" && <p className="card soft">{t("result.waiting")}</p>}
          {hasObjects && isPredicted && (
            <Objects {...shared} objects={objects} here={here} picked={picked} />
          )}
          {!hasObjects && result.findings.length > 0 && (
            <Labels {...shared} explaining={explaining} />
          )}
          {picked && view.picked && (
            <PickedObject
              {...shared}
              picked={picked}
              number={view.picked.number}
              explaining={explaining}
            />
          )}
          <Fidelity result={result} frame={view.frame} shown={shownExplanation(result, view)} />
          {hasObjects && <Scores result={result} confidence={view.confidence} />}
          {isPredicted && <FeedbackPanel result={result} />}
          <Details result={result} />
        </div>
      </div>
    </article>
  );
}

function useShownObjects(result: Result, view: View): readonly Finding[] {
  const { findings } = result;
  const candidates = useMemo(() => new Candidates(findings), [findings]);
  const found = useMemo(() => {
    const before = candidates.passes;
    const positions = candidates.shown(view.confidence, view.iou);
    mark("suppress", candidates.passes - before);
    return positions.flatMap((position) => findings[position] ?? []);
  }, [candidates, findings, view.confidence, view.iou]);
  return useMemo(
    () => (view.hidden.size ? found.filter((one) => !view.hidden.has(one.label)) : found),
    [found, view.hidden],
  );
}

function Header(exported: Parameters<typeof Exports>[0]) {
  const { result } = exported;
  const { t, i18n } = useTranslation();
  const named = useChosen();
  const arrivedAt = result.timestamps.queued ?? result.timestamps.failed ?? 0;
  return (
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
        <span>{moment(arrivedAt, i18n.language)}</span>
      </p>
      <Exports {...exported} />
      <Summary {...exported} />
    </header>
  );
}

/** Until the user chose one, the first explanation is shown as soon as it has been made. */
function arrived(result: Result, view: View, touched: boolean): View {
  if (touched || view.explanation !== null) return view;
  const first = readyExplanations(result, view.frame)[0];
  return first ? { ...view, explanation: keyOf(first) } : view;
}
