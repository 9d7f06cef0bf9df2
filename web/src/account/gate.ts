/** Who is signed in, and what that opens. */

import type { SignInMethod } from "../sources/config";
import type { ResultSource } from "../sources/source";

export interface Account {
  uid: string;
  /** The display name, else the e-mail address. */
  name: string;
  email: string;
  /** Whose results the token lets them see; none until an administrator grants one. */
  projects: readonly string[];
}

export type Standing =
  /** `refused`: why it takes so long; it is tried again. */
  | { state: "reading"; refused?: SignInRefused }
  /** `refused`: why coming back from another page's sign-in did not work. */
  | { state: "out"; refused?: SignInRefused }
  /** Signed in, but no project is granted. */
  | { state: "closed"; account: Account }
  | { state: "in"; account: Account; source: ResultSource };

export type Reason = "wrong" | "often" | "network" | "disabled" | "closed" | "other";

/** Signing in did not work. */
export class SignInRefused extends Error {
  constructor(
    readonly reason: Reason,
    /** The provider's own word for it. */
    readonly code: string,
  ) {
    super(code);
  }
}

export interface Gate {
  readonly methods: readonly SignInMethod[];
  readonly subscribe: (listener: () => void) => () => void;
  readonly standing: () => Standing;
  /** These reject with SignInRefused. */
  withPassword(email: string, password: string): Promise<void>;
  withGoogle(): Promise<void>;
  /** Has a letter sent that lets the user choose a new password. */
  forgotten(email: string, language: string): Promise<void>;
  /** Asks for a new token: whether a project has been granted meanwhile. */
  again(): Promise<void>;
  leave(): Promise<void>;
}
