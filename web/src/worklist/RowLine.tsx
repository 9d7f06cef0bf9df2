/** One result in the worklist. */

import { memo } from "react";
import { useTranslation } from "react-i18next";
import { addressOf } from "../app/address";
import { useLabelName } from "../app/session";
import { fileName } from "../domain/result";
import type { Row } from "../domain/row";
import { clock, percent } from "../language/numbers";
import { Picture } from "../result/Picture";

export const RowLine = memo(function RowLine({ row, chosen }: { row: Row; chosen: boolean }) {
  const { t, i18n } = useTranslation();
  return (
    <a
      className="row"
      href={addressOf(row.resultId)}
      aria-current={chosen ? "true" : undefined}
      title={row.object}
    >
      {row.display ? (
        <Picture resultId={row.resultId} artifact={row.display} className="thumb" />
      ) : (
        <span className="thumb" />
      )}
      <span className="name">{fileName(row.object)}</span>
      <time className="time" dateTime={new Date(row.arrivedAt * 1000).toISOString()}>
        {clock(row.arrivedAt, i18n.language)}
      </time>
      <Outcome row={row} />
      <span className={`pill ${row.status}`}>{t(`status.${row.status}`)}</span>
    </a>
  );
});

function Outcome({ row }: { row: Row }) {
  const { t, i18n } = useTranslation();
  const nameOf = useLabelName();
  if (row.status === "failed") {
    const code = i18n.exists(`error.${row.errorCode}`) ? row.errorCode : "other";
    return <span className="words bad">{t(`error.${code}` as "error.other")}</span>;
  }
  if (row.status === "queued") return <span className="words">{row.model}</span>;
  const [first, ...more] = row.found;
  if (!first) return <span className="words">{t("list.nothingFound")}</span>;
  return (
    <span className="words found">
      {nameOf(row.model, first.label)} {percent(first.probability)}{" "}
      {more.length > 0 && t("list.more", { count: more.length })}
    </span>
  );
}
