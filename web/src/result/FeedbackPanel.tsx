/** What people say of a result: agree or disagree, with a comment, for all of it or one label. */

import { memo, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { useLabelName, useModel, useSession } from "../app/session";
import { mark } from "../app/work";
import type { Result } from "../domain/result";
import { moment } from "../language/numbers";
import type { Feedback, FeedbackRecord } from "../sources/source";

const VERDICTS = ["agree", "disagree"] as const;
/** As the server takes it. */
const LONGEST_COMMENT = 2000;

export const FeedbackPanel = memo(function FeedbackPanel({ result }: { result: Result }) {
  mark("render", "feedback");
  const { t } = useTranslation();
  const { source } = useSession();
  const { resultId } = result;
  const [all, setAll] = useState<readonly FeedbackRecord[]>([]);
  useEffect(() => source.followFeedback(resultId, setAll), [source, resultId]);
  return (
    <section className="card feedback" aria-labelledby="feedback-title">
      <h2 id="feedback-title">{t("feedback.title")}</h2>
      <Form result={result} />
      <Said result={result} all={all} />
    </section>
  );
});

function Form({ result }: { result: Result }) {
  const { t } = useTranslation();
  const { source } = useSession();
  const nameOf = useLabelName();
  const model = useModel(result.model?.name);
  const [verdict, setVerdict] = useState<Feedback["verdict"] | null>(null);
  const [label, setLabel] = useState("");
  const [comment, setComment] = useState("");
  const [state, setState] = useState<"open" | "sending" | "thanks">("open");
  const [refusal, setRefusal] = useState<string | null>(null);
  const give = async (event: React.FormEvent) => {
    event.preventDefault();
    if (verdict === null) return;
    setState("sending");
    setRefusal(null);
    try {
      await source.giveFeedback(result.resultId, {
        verdict,
        comment: comment.trim(),
        label: label || null,
      });
      setVerdict(null);
      setComment("");
      setLabel("");
      setState("thanks");
    } catch (error) {
      setRefusal((error as Error).message);
      setState("open");
    }
  };
  const labels = model?.labels ?? [];
  return (
    <form onSubmit={(event) => void give(event)}>
      <fieldset className="switch">
        <legend>{t("feedback.question")}</legend>
        {VERDICTS.map((one) => (
          <button
            key={one}
            type="button"
            className={one}
            aria-pressed={verdict === one}
            onClick={() => {
              setVerdict(verdict === one ? null : one);
              setState("open");
            }}
          >
            {t(`feedback.${one}`)}
          </button>
        ))}
      </fieldset>
      {verdict !== null && (
        <>
          {labels.length > 1 && (
            <label className="field">
              {t("feedback.about")}
              <select value={label} onChange={(event) => setLabel(event.target.value)}>
                <option value="">{t("feedback.whole")}</option>
                {labels.map((one) => (
                  <option key={one.id} value={one.id}>
                    {nameOf(model?.name, one.id)}
                  </option>
                ))}
              </select>
            </label>
          )}
          <label className="field">
            {t("feedback.comment")}
            <textarea
              value={comment}
              maxLength={LONGEST_COMMENT}
              rows={3}
              onChange={(event) => setComment(event.target.value)}
            />
          </label>
          <p className="hint">{t("feedback.privacy")}</p>
          <button type="submit" className="primary" disabled={state === "sending"}>
            {t("feedback.send")}
          </button>
        </>
      )}
      {refusal !== null && (
        <p className="bad" role="alert">
          {refusal}
        </p>
      )}
      <p role="status">{state === "thanks" && t("feedback.thanks")}</p>
    </form>
  );
}

function Said({ result, all }: { result: Result; all: readonly FeedbackRecord[] }) {
  const { t, i18n } = useTranslation();
  const nameOf = useLabelName();
  if (!all.length) return <p className="soft">{t("feedback.none")}</p>;
  return (
    <ul className="said" aria-label={t("feedback.said")}>
      {all.toReversed().map((one) => (
        <li key={one.feedbackId}>
          <b className={one.verdict}>{t(`feedback.${one.verdict}d`)}</b>
          {one.label !== null && <span> · {nameOf(result.model?.name, one.label)}</span>}
          {one.comment && <p>{one.comment}</p>}
          <small className="soft">
            {one.author.name || t("feedback.someone")} ·{" "}
            {moment(one.createdAt / 1000, i18n.language)}
          </small>
        </li>
      ))}
    </ul>
  );
}
