/** What every part of the page works with: the source, the rows, the models, the language. */

import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { labelName, type Model } from "../domain/model";
import type { ResultSource } from "../sources/source";
import { Rows } from "../worklist/rows";

interface Session {
  source: ResultSource;
  rows: Rows;
  models: readonly Model[];
}

const SessionContext = createContext<Session | null>(null);

export function SessionProvider({
  source,
  children,
}: {
  source: ResultSource;
  children: ReactNode;
}) {
  const [rows] = useState(() => new Rows());
  const [models, setModels] = useState<readonly Model[]>([]);
  useEffect(() => rows.follow(source), [rows, source]);
  useEffect(() => {
    let ended = false;
    const read = () =>
      source.models().then(
        (found) => {
          if (!ended) setModels(found);
        },
        // Names of labels are ids until the source answers; the list says that it is away.
        () => {
          if (!ended) setTimeout(read, 2000);
        },
      );
    void read();
    return () => {
      ended = true;
    };
  }, [source]);
  const session = useMemo(() => ({ source, rows, models }), [source, rows, models]);
  return <SessionContext value={session}>{children}</SessionContext>;
}

export function useSession(): Session {
  const session = useContext(SessionContext);
  if (session === null) throw new Error("there is no SessionProvider above this component");
  return session;
}

/** The name of a label in the user's language, by model and id. */
export function useLabelName(): (model: string | null | undefined, label: string) => string {
  const { models } = useSession();
  const { i18n } = useTranslation();
  return useMemo(() => {
    const byName = new Map(models.map((model) => [model.name, model]));
    return (model, label) => labelName(byName.get(model ?? ""), label, i18n.language);
  }, [models, i18n.language]);
}

export function useModel(name: string | null | undefined): Model | undefined {
  return useSession().models.find((model) => model.name === name);
}
