/** The uploads of this visit, file by file. */

import { useTranslation } from "react-i18next";
import { addressOf } from "../app/address";
import { bytes } from "../language/numbers";
import type { Item, Uploads } from "./uploads";

const SHOWN = 100;

export function UploadPanel({ items, uploads }: { items: readonly Item[]; uploads: Uploads }) {
  const { t } = useTranslation();
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
            <Fate item={item} uploads={uploads} />
          </li>
        ))}
      </ul>
    </aside>
  );
}

function Fate({ item, uploads }: { item: Item; uploads: Uploads }) {
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
      return item.resultId ? (
        <a href={addressOf(item.resultId)}>{t("upload.open")}</a>
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
