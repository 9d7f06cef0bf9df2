/** What people said of a result: documents below it, which the rules let nobody change. */

import {
  collection,
  type DocumentData,
  doc,
  onSnapshot,
  orderBy,
  query,
  serverTimestamp,
  setDoc,
  type Timestamp,
} from "firebase/firestore";
import type { Account } from "../../account/gate";
import type { Feedback, FeedbackRecord, Unfollow } from "../source";
import { type Database, FEEDBACK, RESULTS } from "./database";

const ofResult = (database: Database, resultId: string) =>
  collection(database.firestore, RESULTS, resultId, FEEDBACK);

export function followFeedback(
  database: Database,
  resultId: string,
  told: (all: readonly FeedbackRecord[]) => void,
): Unfollow {
  return onSnapshot(
    query(ofResult(database, resultId), orderBy("createdAt")),
    (found) =>
      // Until the server has answered, the time of one's own is an estimate.
      told(found.docs.map((one) => toRecord(one.data({ serverTimestamps: "estimate" })))),
    (error) => {
      if (error.code !== "permission-denied") console.warn("dropsight: feedback", error);
      told([]); // the result is out of sight, and what was said of it with it
    },
  );
}

/** Rejects where the rules refuse it. Waits for the connection to come back. */
export async function giveFeedback(
  database: Database,
  account: Account,
  resultId: string,
  given: Feedback,
): Promise<void> {
  const place = doc(ofResult(database, resultId));
  await setDoc(place, {
    schemaVersion: 1,
    feedbackId: place.id,
    resultId,
    verdict: given.verdict,
    comment: given.comment,
    label: given.label,
    authorUid: account.uid,
    authorName: account.name,
    createdAt: serverTimestamp(),
  });
}

function toRecord(plain: DocumentData): FeedbackRecord {
  return {
    feedbackId: plain.feedbackId as string,
    verdict: plain.verdict as FeedbackRecord["verdict"],
    comment: plain.comment as string,
    label: plain.label as string | null,
    author: { uid: plain.authorUid as string, name: plain.authorName as string },
    createdAt: (plain.createdAt as Timestamp).toMillis(),
  };
}
