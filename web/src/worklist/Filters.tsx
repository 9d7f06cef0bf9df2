/** Search and filters above the worklist. */

import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { useLabelName } from "../app/session";
import type { Row } from "../domain/row";
import { EVERYTHING, type Filter, hasStatus, isEverything } from "./filter";

const STATES = ["all", "found", "clear", "working", "failed"] as const;
const DAYS = { 0: "anyTime", 1: "lastDay", 7: "lastWeek", 30: "lastMonth" } as const;

interface Props {
  all: readonly Row[];
  shown: number;
  filter: Filter;
  change: (filter: Filter) => void;
}

export function Filters({ all, shown, filter, change }: Props) {
  const { t } = useTranslation();
  const nameOf = useLabelName();
  const models = useMemo(() => distinct(all.map((row) => row.model)), [all]);
  const labels = useMemo(() => {
    const found = new Map<string, string>();
    for (const row of all) {
      if (filter.model && row.model !== filter.model) continue;
      for (const one of row.found) found.set(one.label, nameOf(row.model, one.label));
    }
    return [...found].sort((a, b) => a[1].localeCompare(b[1]));
  }, [all, filter.model, nameOf]);
  const counts = useMemo(
    () => STATES.map((state) => all.reduce((sum, row) => sum + Number(hasStatus(row, state)), 0)),
    [all],
  );
  const isFiltered = !isEverything(filter);
  return (
    <search className="filters">
      <input
        type="search"
        value={filter.text}
        placeholder={t("list.searchHint")}
        aria-label={t("list.search")}
        onChange={(event) => change({ ...filter, text: event.target.value })}
      />
      <fieldset className="states">
        <legend className="unseen">{t("list.filters")}</legend>
        {STATES.map((state, at) => (
          <button
            key={state}
            type="button"
            aria-pressed={filter.status === state}
            onClick={() => change({ ...filter, status: state })}
          >
            {t(`show.${state}`)} <b>{counts[at]}</b>
          </button>
        ))}
      </fieldset>
      <div className="choices">
        <select
          aria-label={t("list.model")}
          value={filter.model}
          onChange={(event) => change({ ...filter, model: event.target.value, label: "" })}
        >
          <option value="">{t("list.allModels")}</option>
          {models.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
        <select
          aria-label={t("list.label")}
          value={filter.label}
          onChange={(event) => change({ ...filter, label: event.target.value })}
        >
          <option value="">{t("list.allLabels")}</option>
          {labels.map(([id, name]) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </select>
        <select
          aria-label={t("list.days")}
          value={filter.days}
          onChange={(event) => change({ ...filter, days: Number(event.target.value) })}
        >
          {Object.entries(DAYS).map(([days, name]) => (
            <option key={days} value={days}>
              {t(`list.${name}`)}
            </option>
          ))}
        </select>
      </div>
      {isFiltered && (
        <p className="tally" role="status">
          {t("list.shown", { shown, all: all.length })}{" "}
          <button type="button" className="link" onClick={() => change(EVERYTHING)}>
            {t("list.clear")}
          </button>
        </p>
      )}
    </search>
  );
}

const distinct = (names: (string | null)[]): string[] =>
  [...new Set(names.filter((name) => name !== null))].sort();
