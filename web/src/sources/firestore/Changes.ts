/** One listener to whatever changes in some projects, however old the result.
 *
 * A listener to the newest results would forget one that leaves its window while it is still queued.
 * This one asks for what was written since the page was opened. It would hold all of that, so when
 * it has become much, another one takes over from the newest change. */

import {
  onSnapshot,
  type QueryDocumentSnapshot,
  type QuerySnapshot,
  Timestamp,
} from "firebase/firestore";
import type { Connection, Unfollow } from "../source";
import type { Database } from "./database";
import { CHANGES, changesQuery } from "./queries";

/** Writes are stamped when they are begun, so one may be seen some seconds after a later one. */
export const OVERLAP_MS = 30_000;
const MOST = 300;

export interface Told {
  changed: (documents: readonly QueryDocumentSnapshot[]) => void;
  /** Ids of results that are out of sight: taken away, or moved to another project. */
  gone: (resultIds: readonly string[]) => void;
  connection: (state: Connection) => void;
  /** The rules refuse: the token's projects are others now. Nothing more will be told. */
  refused: (error: Error) => void;
}

export function followChanges(
  database: Database,
  projects: readonly string[],
  since: number,
  told: Told,
): Unfollow {
  let end: Unfollow;
  let ended = false;
  const start = (from: number): Unfollow => {
    const query = changesQuery(database, projects, Timestamp.fromMillis(from));
    return onSnapshot(
      query,
      { includeMetadataChanges: true },
      (snapshot) => {
        if (ended) return;
        told.connection(snapshot.metadata.fromCache ? "lost" : "live");
        const changes = snapshot.docChanges();
        const here = changes.filter((one) => one.type !== "removed").map((one) => one.doc);
        const away = changes.filter((one) => one.type === "removed").map((one) => one.doc.id);
        if (here.length) told.changed(here);
        if (away.length) told.gone(away);
        if (snapshot.size > MOST && !snapshot.metadata.fromCache) takeOver(snapshot, from);
      },
      (error) => {
        if (!ended) told.refused(error);
      },
    );
  };
  const takeOver = (snapshot: QuerySnapshot, from: number) => {
    const newest = stampOf(snapshot.docs.at(-1));
    if (newest - OVERLAP_MS <= from) return; // so much in half a minute: nothing is gained
    const before = end;
    end = start(newest - OVERLAP_MS);
    before();
  };
  end = start(since);
  return () => {
    ended = true;
    end();
  };
}

/** When the document was last written, in milliseconds since the epoch. */
export function stampOf(document: QueryDocumentSnapshot | undefined): number {
  const found: unknown = document?.get(CHANGES.order);
  return found instanceof Timestamp ? found.toMillis() : 0;
}
