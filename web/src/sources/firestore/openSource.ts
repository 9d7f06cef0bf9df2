/** Firestore, set up by config.json, as one user sees it. */

import type { FirebaseApp } from "firebase/app";
import {
  connectFirestoreEmulator,
  type Firestore,
  initializeFirestore,
  memoryLocalCache,
} from "firebase/firestore";
import type { Account } from "../../account/gate";
import type { FirestoreConfig } from "../config";
import type { ResultSource } from "../source";
import { Api, type Token } from "./Api";
import { FirestoreSource } from "./FirestoreSource";

let opened: Firestore | null = null;

export function openSource(
  app: FirebaseApp,
  config: FirestoreConfig,
  account: Account,
  token: Token,
): ResultSource {
  opened ??= openFirestore(app, config);
  const database = {
    firestore: opened,
    rest: config.emulators
      ? `http://${config.emulators.firestore}`
      : "https://firestore.googleapis.com",
    documents: `projects/${config.firebase.projectId}/databases/${config.database}/documents`,
  };
  return new FirestoreSource(database, account, new Api(config.api, token), token);
}

function openFirestore(app: FirebaseApp, config: FirestoreConfig): Firestore {
  // Results are of patients: nothing is kept in the browser once the page is closed.
  const firestore = initializeFirestore(app, { localCache: memoryLocalCache() }, config.database);
  if (config.emulators) {
    const [host = "", port = ""] = config.emulators.firestore.split(":");
    connectFirestoreEmulator(firestore, host, Number(port));
  }
  return firestore;
}
