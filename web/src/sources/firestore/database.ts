/** One Firestore database, for the official client and for its REST API. */

import type { Firestore } from "firebase/firestore";

export interface Database {
  firestore: Firestore;
  /** Address of the REST API, without a slash at its end. */
  rest: string;
  /** `projects/…/databases/…/documents`. */
  documents: string;
}

export const RESULTS = "results";
export const MODELS = "models";
export const FEEDBACK = "feedback";
