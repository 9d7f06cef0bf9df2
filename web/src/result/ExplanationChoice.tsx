/** Which explanation lies over the image: a method, and one of its labels. */

import { useTranslation } from "react-i18next";
import { useLabelName } from "../app/session";
import type { Explanation, Result } from "../domain/result";
import { methodName } from "../language/names";
import { keyOf, shownExplanation, type View } from "./view";

interface Props {
  result: Result;
  view: View;
  change: (part: Partial<View>) => void;
}

export function ExplanationChoice({ result, view, change }: Props) {
  const { t } = useTranslation();
  const nameOf = useLabelName();
  // The client draws objects itself: the server's picture of them is not chosen here.
  const here = result.explanations.filter(
    (one) => one.frame === view.frame && one.method !== "overlay",
  );
  if (!here.length) return null;
  const chosen = shownExplanation(result, view);
  const methods = [...new Set(here.map((one) => one.method))];
  const usable = (one: Explanation) => one.status === "done" && one.heatmap !== null;
  const siblings = here.filter((one) => one.method === chosen?.method);
  return (
    <>
      <fieldset className="switch">
        <legend>{t("view.method")}</legend>
        <button type="button" aria-pressed={!chosen} onClick={() => change({ explanation: null })}>
          {t("view.imageOnly")}
        </button>
        {methods.map((method) => {
          const all = here.filter((one) => one.method === method);
          const first =
            all.find((one) => usable(one) && one.label === chosen?.label) ?? all.find(usable);
          const name = methodName(method);
          const state = all.some((one) => one.status === "pending") ? "pending" : "failed";
          return (
            <button
              key={method}
              type="button"
              aria-pressed={chosen?.method === method}
              disabled={!first}
              title={first ? undefined : t(`view.${state}`, { method: name })}
              onClick={() => first && change({ explanation: keyOf(first) })}
            >
              {name}
              {!first && (state === "pending" ? " …" : " ✕")}
            </button>
          );
        })}
      </fieldset>
      {siblings.length > 1 && (
        <fieldset className="switch">
          <legend>{t("view.label")}</legend>
          {siblings.map((one) => (
            <button
              key={keyOf(one)}
              type="button"
              aria-pressed={one === chosen}
              disabled={!usable(one)}
              onClick={() => change({ explanation: keyOf(one) })}
            >
              {nameOf(result.model?.name, one.label)}
              {one.objectIndex !== null && ` #${one.objectIndex}`}
            </button>
          ))}
        </fieldset>
      )}
    </>
  );
}
