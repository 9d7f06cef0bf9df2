/** Asking for one more explanation, and showing it when it has come. */

import { useCallback, useEffect, useState } from "react";
import { useSession } from "../app/session";
import type { Method } from "../domain/model";
import type { Explanation, Result } from "../domain/result";
import { keyOf, type View } from "./view";

/** A label of a classifier or an object of a detector, in a frame. */
export interface Subject {
  frame: number;
  label: string;
  /** The object's number; null for a label. */
  object: number | null;
}

export interface Explaining {
  ask: (subject: Subject, method: Method) => void;
  /** The entry of the document; null until it has one. */
  entryOf: (subject: Subject, method: Method) => Explanation | null;
  /** Asked, and not yet in the document. */
  isAsked: (subject: Subject, method: Method) => boolean;
  /** Why the last question was refused. */
  refusal: { key: string; reason: string } | null;
}

export const subjectKey = (subject: Subject, method: Method): string =>
  keyOf({ method, label: subject.label, objectIndex: subject.object });

export function useExplaining(result: Result, change: (part: Partial<View>) => void): Explaining {
  const { source } = useSession();
  const { resultId, explanations } = result;
  const [asked, setAsked] = useState<{ key: string; frame: number; answered: boolean } | null>(
    null,
  );
  const [refusal, setRefusal] = useState<Explaining["refusal"]>(null);
  const entryOf = useCallback(
    (subject: Subject, method: Method) =>
      explanations.find(
        (one) => one.frame === subject.frame && keyOf(one) === subjectKey(subject, method),
      ) ?? null,
    [explanations],
  );
  useEffect(() => {
    const come = explanations.find(
      (one) => asked && one.frame === asked.frame && keyOf(one) === asked.key,
    );
    if (come?.status !== "done") return;
    setAsked(null);
    change({ explanation: keyOf(come) });
  }, [explanations, asked, change]);
  const ask = (subject: Subject, method: Method) => {
    const key = subjectKey(subject, method);
    const { frame, object } = subject;
    const entry = entryOf(subject, method);
    setRefusal(null);
    if (entry?.status === "done") {
      change({ explanation: key });
      return;
    }
    const question = { key, frame, answered: false };
    setAsked(question);
    const label = object === null ? subject.label : null;
    source.explain(resultId, { method, frame, label, object }).then(
      () => setAsked((now) => (now === question ? { ...question, answered: true } : now)),
      (error: Error) => {
        setAsked((now) => (now === question ? null : now));
        setRefusal({ key, reason: error.message });
      },
    );
  };
  // One that failed before stays `failed` in the document until the question has been answered.
  const isAsked = (subject: Subject, method: Method) =>
    asked?.frame === subject.frame &&
    asked.key === subjectKey(subject, method) &&
    !(asked.answered && entryOf(subject, method)?.status === "failed");
  return { ask, entryOf, isAsked, refusal };
}
