/** Firebase Auth, set up by config.json. Firestore is loaded for those who are signed in. */

import { initializeApp } from "firebase/app";
import {
  browserLocalPersistence,
  connectAuthEmulator,
  indexedDBLocalPersistence,
  initializeAuth,
} from "firebase/auth";
import type { Gate } from "../../account/gate";
import type { FirestoreConfig } from "../config";
import { FirebaseGate } from "./FirebaseGate";

export function openGate(config: FirestoreConfig): Gate {
  const app = initializeApp(config.firebase);
  const auth = initializeAuth(app, {
    persistence: [indexedDBLocalPersistence, browserLocalPersistence],
  });
  if (config.emulators) {
    connectAuthEmulator(auth, config.emulators.auth, { disableWarnings: true });
  }
  return new FirebaseGate(auth, config, async (account, token) => {
    const { openSource } = await import("./openSource");
    return openSource(app, config, account, token);
  });
}
