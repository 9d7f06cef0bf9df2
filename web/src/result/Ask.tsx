/** One button for each method that can say why: it asks, tells how far it is, and shows. */

import { useTranslation } from "react-i18next";
import { useModel } from "../app/session";
import type { Method } from "../domain/model";
import type { Result } from "../domain/result";
import { methodName } from "../language/names";
import { type Explaining, type Subject, subjectKey } from "./useExplaining";
import type { View } from "./view";

interface Props {
  result: Result;
  subject: Subject;
  view: View;
  explaining: Explaining;
}

export function Ask({ result, subject, view, explaining }: Props) {
  const { t } = useTranslation();
  const model = useModel(result.model?.name);
  const methods = model?.methods ?? [];
  const failed = methods.flatMap((method) => {
    const error = explaining.entryOf(subject, method)?.error;
    return error ? [{ method, reason: error.message }] : [];
  });
  const refused = methods.some((one) => subjectKey(subject, one) === explaining.refusal?.key);
  if (!model) return null;
  if (!methods.length) return <p className="soft">{t("why.module")}</p>;
  return (
    <div className="ask">
      <div className="switch">
        {methods.map((method) => (
          <AskButton key={method} {...{ method, subject, view, explaining }} />
        ))}
      </div>
      {failed.map(({ method, reason }) => (
        <p key={method} className="bad">
          {t("view.failed", { method: methodName(method) })}: {reason}
        </p>
      ))}
      {refused && (
        <p className="bad" role="alert">
          {explaining.refusal?.reason}
        </p>
      )}
    </div>
  );
}

function AskButton({
  method,
  subject,
  view,
  explaining,
}: Omit<Props, "result"> & { method: Method }) {
  const { t } = useTranslation();
  const entry = explaining.entryOf(subject, method);
  const isPending = entry?.status === "pending" || explaining.isAsked(subject, method);
  const isShown = entry?.status === "done" && view.explanation === subjectKey(subject, method);
  const name = methodName(method);
  return (
    <button
      type="button"
      aria-pressed={isShown}
      aria-busy={isPending}
      disabled={isPending}
      onClick={() => explaining.ask(subject, method)}
    >
      {isPending ? (
        <span role="status">
          <span className="spinner" aria-hidden="true" /> {t("view.pending", { method: name })}
        </span>
      ) : (
        t(entry?.status === "failed" ? "why.again" : "why.by", { method: name })
      )}
    </button>
  );
}
