/** All results, newest first: thousands of rows, of which only the visible ones are drawn. */

import { useVirtualizer } from "@tanstack/react-virtual";
import { useDeferredValue, useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { choose } from "../app/address";
import { useLabelName, useSession } from "../app/session";
import { mark } from "../app/work";
import type { Row } from "../domain/row";
import { Filters } from "./Filters";
import { EVERYTHING, type Filter, filterRows, isEverything } from "./filter";
import { RowLine } from "./RowLine";
import { type Rows, useDepth, useRows } from "./rows";

const ROW_HEIGHT = 68;
/** So many rows before the end, older ones are read. */
const CLOSE = 20;

export function Worklist({ current }: { current: string | null }) {
  mark("render", "worklist");
  const { t } = useTranslation();
  const known = useSession().rows;
  const all = useRows(known);
  const nameOf = useLabelName();
  const [filter, setFilter] = useState<Filter>(EVERYTHING);
  const asked = useDeferredValue(filter);
  const rows = useMemo(
    () => filterRows(all, asked, nameOf, Date.now() / 1000),
    [all, asked, nameOf],
  );
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    getItemKey: (index) => rows[index]?.resultId ?? index,
    overscan: 6,
  });
  const visible = virtual.getVirtualItems();
  const atEnd = (visible.at(-1)?.index ?? 0) >= rows.length - CLOSE;
  useArrowKeys(rows, current, (index) => virtual.scrollToIndex(index));
  return (
    <nav className="worklist" aria-label={t("list.title")}>
      <Filters all={all} shown={rows.length} filter={filter} change={setFilter} />
      <div className="rows" ref={scroller}>
        {rows.length === 0 && <p className="empty">{t(all.length ? "list.none" : "list.empty")}</p>}
        <ul style={{ height: virtual.getTotalSize() }}>
          {visible.map((item) => {
            const row = rows[item.index];
            return (
              row && (
                <li
                  key={item.key}
                  aria-setsize={rows.length}
                  aria-posinset={item.index + 1}
                  style={{ height: item.size, transform: `translateY(${item.start}px)` }}
                >
                  <RowLine row={row} chosen={row.resultId === current} />
                </li>
              )
            );
          })}
        </ul>
        {atEnd && <Older known={known} count={all.length} filtered={!isEverything(asked)} />}
      </div>
    </nav>
  );
}

/** At the end of the list: older results come by themselves, but for those that a filter may hide. */
function Older({ known, count, filtered }: { known: Rows; count: number; filtered: boolean }) {
  const { t } = useTranslation();
  const depth = useDepth(known);
  useEffect(() => {
    if (depth === "more" && count > 0 && !filtered) void known.older();
  }, [depth, count, filtered, known]);
  if (depth === "reading") return <p className="older">{t("list.reading")}</p>;
  if (depth === "all" || !filtered || count === 0) return null;
  return (
    <p className="older">
      {t("list.depth", { count })}{" "}
      <button type="button" className="link" onClick={() => void known.older()}>
        {t("list.older")}
      </button>
    </p>
  );
}

/** Arrow keys, j and k choose the next and the previous row; Escape goes back to the list. */
function useArrowKeys(
  rows: readonly Row[],
  current: string | null,
  reveal: (index: number) => void,
): void {
  const latest = useRef({ rows, current, reveal });
  latest.current = { rows, current, reveal };
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const target = event.target as HTMLElement;
      if (
        target.closest(
          "input, select, textarea, [role=slider], [role=tab], [role=dialog], [role=listbox]",
        )
      )
        return;
      if (event.metaKey || event.ctrlKey || event.altKey) return;
      if (event.key === "Escape") choose(null);
      const step = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 }[event.key];
      if (step === undefined) return;
      const { rows, current, reveal } = latest.current;
      const at = rows.findIndex((row) => row.resultId === current);
      const next = at < 0 ? 0 : Math.max(0, Math.min(rows.length - 1, at + step));
      const id = rows[next]?.resultId;
      if (id === undefined) return;
      event.preventDefault();
      choose(id);
      latest.current.current = id; // the next key may come before the page has been drawn
      reveal(next);
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);
}
