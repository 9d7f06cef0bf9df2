/** Timeline, how the pixels were made, the study, the file and the model. */

import { lazy, memo, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { useModel } from "../app/session";
import { mark } from "../app/work";
import type { Result } from "../domain/result";
import { bytes, milliseconds, moment } from "../language/numbers";
import { ModelCard } from "./ModelCard";

const TimelineChart = lazy(() => import("./TimelineChart"));

export const Details = memo(function Details({ result }: { result: Result }) {
  mark("render", "details");
  const { t, i18n } = useTranslation();
  const { source, study } = result;
  const total = Object.values(result.timeline).reduce((sum, one) => sum + one, 0);
  return (
    <section className="card details" aria-label={t("about.title")}>
      <Fold title={t("about.timeline")} aside={t("about.total", { time: milliseconds(total) })}>
        <Suspense fallback={<div className="chart" />}>
          <TimelineChart timeline={result.timeline} />
        </Suspense>
      </Fold>
      {result.provenance.length > 0 && (
        <Fold title={t("about.provenance")}>
          <ol className="steps">
            {result.provenance.map((step, at) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: steps have an order and no names
              <li key={at}>
                <b>{step.step}</b>
                <span>
                  {Object.entries(step.parameters)
                    .map(([name, value]) => `${name} ${plain(value)}`)
                    .join(", ")}
                </span>
              </li>
            ))}
          </ol>
        </Fold>
      )}
      {study && (
        <Fold title={t("about.study")}>
          <Facts
            facts={Object.entries({ ...study, ...study.attributes, attributes: null })
              .filter(([, value]) => value !== null && value !== "")
              .map(([name, value]) => [name, plain(value)])}
          />
        </Fold>
      )}
      <Fold title={t("about.source")}>
        <Facts
          facts={[
            [t("about.object"), source.object],
            [t("about.format"), [source.format, source.transferSyntax].filter(Boolean).join(" ")],
            [t("about.size"), bytes(source.size)],
            [t("about.dimensions"), `${result.width} × ${result.height} × ${result.frames}`],
            [t("about.arrived"), moment(result.timestamps.queued ?? 0, i18n.language)],
            [t("about.sha256"), source.sha256 ?? ""],
            [t("about.id"), result.resultId],
          ]}
        />
      </Fold>
      {result.model && <AboutModel name={result.model.name} result={result} />}
    </section>
  );
});

function AboutModel({ name, result }: { name: string; result: Result }) {
  const { t } = useTranslation();
  const model = useModel(name);
  const [reading, setReading] = useState(false);
  return (
    <Fold title={t("about.model")}>
      <Facts
        facts={[
          [t("about.model"), name],
          [t("about.version"), result.model?.version ?? ""],
          [t("about.runtime"), result.model?.runtime ?? ""],
          [t("about.licence"), model?.licence ?? ""],
          [t("about.use"), model?.intendedUse ?? ""],
        ]}
      />
      {model?.hasCard && (
        <button type="button" onClick={() => setReading(true)}>
          {t("about.card")}
        </button>
      )}
      {reading && <ModelCard model={name} close={() => setReading(false)} />}
    </Fold>
  );
}

function Fold({
  title,
  aside,
  children,
}: {
  title: string;
  aside?: string;
  children: React.ReactNode;
}) {
  const [open, setOpen] = useState(false);
  return (
    <details open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <h2>{title}</h2>
        {aside && <span className="soft">{aside}</span>}
      </summary>
      {open && children}
    </details>
  );
}

function Facts({ facts }: { facts: [string, string][] }) {
  return (
    <dl className="facts">
      {facts
        .filter(([, value]) => value !== "")
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}

function plain(value: unknown): string {
  if (typeof value === "number") return String(Number(value.toPrecision(6)));
  if (Array.isArray(value)) return value.map(plain).join(" × ");
  if (typeof value === "object" && value !== null) return JSON.stringify(value);
  return String(value);
}
