/** What the page asks of the collection `results`. A new query takes an index of its own
 * (firestore/firestore.indexes.json), which emulators do not miss but tests do. */

import { collection, orderBy, type Query, query, type Timestamp, where } from "firebase/firestore";
import { type Database, RESULTS } from "./database";
import type { Value } from "./values";

/** Most values that `in` takes. https://firebase.google.com/docs/firestore/query-data/queries */
export const MOST_PROJECTS = 30;

export interface Shape {
  /** Compared with `in`. */
  field: string;
  order: string;
  direction: "ASCENDING" | "DESCENDING";
}

/** The newest first, page by page. */
export const HISTORY: Shape = { field: "project", order: "arrivedAt", direction: "DESCENDING" };
/** Whatever was written since: new results, further steps, deletions. */
export const CHANGES: Shape = { field: "project", order: "changedAt", direction: "ASCENDING" };

/** Fields of a page of history; the rest of a result may be most of a megabyte. */
const SHOWN = ["status", "arrivedAt", "changedAt", "listEntry"];

/** Where a page of history ended. */
export interface Place {
  arrivedAt: Value;
  /** The document's full name. */
  name: string;
}

/** A `structuredQuery` of the REST API: unlike the client's, it can ask for some fields only. */
export function historyQuery(projects: readonly string[], limit: number, after: Place | null) {
  return {
    from: [{ collectionId: RESULTS }],
    select: { fields: SHOWN.map((fieldPath) => ({ fieldPath })) },
    where: {
      fieldFilter: {
        field: { fieldPath: HISTORY.field },
        op: "IN",
        value: { arrayValue: { values: projects.map((stringValue) => ({ stringValue })) } },
      },
    },
    orderBy: [HISTORY.order, "__name__"].map((fieldPath) => ({
      field: { fieldPath },
      direction: HISTORY.direction,
    })),
    limit,
    ...(after && {
      startAt: { values: [after.arrivedAt, { referenceValue: after.name }], before: false },
    }),
  };
}

export const changesQuery = (
  database: Database,
  projects: readonly string[],
  since: Timestamp,
): Query =>
  query(
    collection(database.firestore, RESULTS),
    where(CHANGES.field, "in", [...projects]),
    where(CHANGES.order, ">=", since),
    orderBy(CHANGES.order, CHANGES.direction === "ASCENDING" ? "asc" : "desc"),
  );
