/** Firebase Auth as a Gate: the token's claim `projects` decides what a user sees. */

import {
  type Auth,
  onIdTokenChanged,
  sendPasswordResetEmail,
  signInWithEmailAndPassword,
  signOut,
  type User,
} from "firebase/auth";
import {
  type Account,
  type Gate,
  type Reason,
  SignInRefused,
  type Standing,
} from "../../account/gate";
import type { FirestoreConfig, SignInMethod } from "../config";
import type { ResultSource } from "../source";
import type { Token } from "./Api";
import { pause, pauseOf } from "./patience";

const MEANINGS: Record<string, Reason> = {
  "auth/invalid-credential": "wrong",
  "auth/invalid-email": "wrong",
  "auth/user-not-found": "wrong",
  "auth/wrong-password": "wrong",
  "auth/too-many-requests": "often",
  "auth/network-request-failed": "network",
  "auth/user-disabled": "disabled",
  "auth/popup-closed-by-user": "closed",
  "auth/cancelled-popup-request": "closed",
};

export type OpenSource = (account: Account, token: Token) => Promise<ResultSource>;

export class FirebaseGate implements Gate {
  readonly methods: readonly SignInMethod[];
  private current: Standing = { state: "reading" };
  private readonly listeners = new Set<() => void>();
  /** Tokens may come faster than a source opens: only the last one counts. */
  private looks = 0;

  constructor(
    private readonly auth: Auth,
    config: FirestoreConfig,
    private readonly open: OpenSource,
  ) {
    this.methods = config.signIn;
    if (config.signIn.includes("google.com")) void this.comeBack();
    // Called for each new token, too: once an hour, and when `again` asks for one.
    onIdTokenChanged(auth, (user) => void this.look(user));
  }

  readonly subscribe = (listener: () => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };
  readonly standing = (): Standing => this.current;

  withPassword(email: string, password: string): Promise<void> {
    return explained(signInWithEmailAndPassword(this.auth, email, password));
  }

  withGoogle(): Promise<void> {
    return explained(this.google().then(({ signInWithGoogle }) => signInWithGoogle(this.auth)));
  }

  forgotten(email: string, language: string): Promise<void> {
    this.auth.languageCode = language;
    return explained(sendPasswordResetEmail(this.auth, email));
  }

  again(): Promise<void> {
    return explained(this.auth.currentUser?.getIdToken(true) ?? Promise.resolve());
  }

  leave(): Promise<void> {
    return explained(signOut(this.auth));
  }

  private google() {
    return import("./google");
  }

  private async comeBack(): Promise<void> {
    try {
      const { comeBack } = await this.google();
      await comeBack(this.auth);
    } catch (error) {
      if (this.auth.currentUser === null) this.stand({ state: "out", refused: refusal(error) });
    }
  }

  private async look(user: User | null): Promise<void> {
    this.looks += 1;
    const turn = this.looks;
    for (let attempt = 1; turn === this.looks; attempt += 1) {
      try {
        const standing = user === null ? { state: "out" as const } : await this.standingOf(user);
        if (turn === this.looks && standing !== null) this.stand(standing);
        return;
      } catch (error) {
        // Not connected, most likely. Whoever sees results goes on seeing them.
        if (this.current.state === "reading") {
          this.stand({ state: "reading", refused: refusal(error) });
        }
        await pause(pauseOf(attempt));
      }
    }
  }

  /** Null where a new token changes nothing: then what is on the screen stays. */
  private async standingOf(user: User): Promise<Standing | null> {
    const { claims } = await user.getIdTokenResult();
    const account = toAccount(user, claims.projects);
    const { current } = this;
    const known = current.state === "in" || current.state === "closed" ? current.account : null;
    if (JSON.stringify(known) === JSON.stringify(account)) return null;
    if (!account.projects.length) return { state: "closed", account };
    const source = await this.open(account, (fresh) => user.getIdToken(fresh));
    return { state: "in", account, source };
  }

  private stand(standing: Standing): void {
    this.current = standing;
    for (const listener of this.listeners) listener();
  }
}

function toAccount(user: User, claim: unknown): Account {
  const projects = Array.isArray(claim) ? claim.filter((one) => typeof one === "string") : [];
  const email = user.email ?? "";
  return { uid: user.uid, name: user.displayName || email, email, projects: projects.sort() };
}

function refusal(error: unknown): SignInRefused {
  const code = String((error as { code?: unknown }).code ?? error);
  return new SignInRefused(MEANINGS[code] ?? "other", code);
}

async function explained(asked: Promise<unknown>): Promise<void> {
  try {
    await asked;
  } catch (error) {
    throw refusal(error);
  }
}
