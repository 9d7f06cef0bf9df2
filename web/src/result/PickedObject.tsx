/** One object: what it is, how sure, where, and why. */

import { useTranslation } from "react-i18next";
import { useLabelName, useModel } from "../app/session";
import type { Finding, Result } from "../domain/result";
import { maskArea } from "../domain/rle";
import { percent, quantity } from "../language/numbers";
import { Ask } from "./Ask";
import type { Explaining } from "./useExplaining";
import type { View } from "./view";

interface Props {
  result: Result;
  picked: Finding;
  number: number;
  view: View;
  change: (part: Partial<View>) => void;
  explaining: Explaining;
}

export function PickedObject({ result, picked, number, view, change, explaining }: Props) {
  const { t } = useTranslation();
  const nameOf = useLabelName();
  const color = useModel(result.model?.name)?.colors.get(picked.label) ?? "#E69F00";
  const name = nameOf(result.model?.name, picked.label);
  const [x, y, width, height] = picked.box ?? [0, 0, 0, 0];
  const others = Object.entries(picked.probabilities ?? {}).filter(
    ([label, share]) => label !== picked.label && share >= 0.005,
  );
  return (
    <section className="card picked" aria-labelledby="picked-title">
      <h2 id="picked-title">
        <i className="swatch" style={{ background: color }} />
        {t("object.title", { name, number })}
        <button type="button" className="link" onClick={() => change({ picked: null })}>
          {t("object.close")}
        </button>
      </h2>
      <dl className="facts">
        <div>
          <dt>{t("object.score")}</dt>
          <dd>
            <b>{percent(picked.score ?? picked.probability)}</b>
          </dd>
        </div>
        {others.map(([label, share]) => (
          <div key={label}>
            <dt>{nameOf(result.model?.name, label)}</dt>
            <dd>{percent(share)}</dd>
          </div>
        ))}
        <div>
          <dt>{t("object.place")}</dt>
          <dd>
            {t("object.box", {
              x: quantity(Math.round(x)),
              y: quantity(Math.round(y)),
              width: quantity(Math.round(width)),
              height: quantity(Math.round(height)),
            })}
          </dd>
        </div>
        {picked.mask && (
          <div>
            <dt>{t("object.area")}</dt>
            <dd>{t("object.pixels", { count: maskArea(picked.mask) })}</dd>
          </div>
        )}
      </dl>
      <h3>{t("why.object")}</h3>
      <Ask
        result={result}
        subject={{ frame: picked.frame, label: picked.label, object: number }}
        view={view}
        explaining={explaining}
      />
    </section>
  );
}
