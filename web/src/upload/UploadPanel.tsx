/** The uploads of this visit, file by file. */

import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { addressOf } from "../app/address";
import { useSession } from "../app/session";
import { bytes } from "../language/numbers";
import { useRows } from "../worklist/rows";
import type { Item, Uploads } from "./uploads";

const SHOWN = 100;

export function UploadPanel({ items, uploads }: { items: readonly Item[]; uploads: Uploads }) {
  const { t } = useTranslation();
  const rows = useRows(useSession().rows);
  // In the cloud nobody can say the result's id before it has arrived.
  const results = useMemo(() => new Map(rows.map((row) => [row.object, row.resultId])), [rows]);
  const done = items.filter((one) => one.state === "done").length;
  return (
    <aside className="uploads" aria-label={t("upload.title")}>
      <header>
        <h2>{t("upload.title")}</h2>
        <span role="status">{`${done} / ${items.length}`}</span>
        <button type="button" className="link" onClick={() => uploads.clear()}>
          {t("upload.clear")}
        </button>
      </header>
      <ul>
        {items.slice(-SHOWN).map((item) => (
          <li key={item.id} className={item.state}>
            <span className="name">{item.file.name}</span>
            <span className="soft">{bytes(item.file.size)}</span>
            <Fate
              item={item}
              resultId={item.resultId ?? results.get(item.object ?? "") ?? null}
              uploads={uploads}
            />
          </li>
        ))}
      </ul>
    </aside>
  );
}

interface FateProps {
  item: Item;
  resultId: string | null;
  uploads: Uploads;
}

function Fate({ item, resultId, uploads }: FateProps) {
  const { t } = useTranslation();
  switch (item.state) {
    case "waiting":
    case "sending":
      return (
        <>
          <progress value={item.share} max={1} aria-label={item.file.name} />
          <button type="button" className="link" onClick={() => uploads.stop(item.id)}>
            {t("upload.stop")}
          </button>
        </>
      );
    case "done":
      return resultId ? (
        <a href={addressOf(resultId)}>{t("upload.open")}</a>
      ) : (
        <span>{t("upload.done")}</span>
      );
    case "refused":
    case "lost":
    case "stopped":
      return (
        <>
          {item.state === "lost" && <span className="bad">{t("upload.lost")}</span>}
          {item.reason && <span className="bad">{item.reason}</span>}
          <button type="button" className="link" onClick={() => uploads.again(item.id)}>
            {t("upload.again")}
          </button>
        </>
      );
  }
}
