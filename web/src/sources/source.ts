/** Where results come from: one interface for the laptop's server and for Firestore. */

import type { Model } from "../domain/model";
import type { Result } from "../domain/result";
import type { Row } from "../domain/row";

export type Unfollow = () => void;
export type Connection = "connecting" | "live" | "lost";

export interface Upload {
  /** The object's name in the landing bucket. */
  object: string;
  /** The result that will tell of it, where that is known already. */
  resultId: string | null;
}

/** An upload that was refused; `message` is the sentence that says why. */
export class UploadRefused extends Error {}

export interface Feedback {
  verdict: "agree" | "disagree";
  comment: string;
}

export interface ResultSource {
  /**
   * Calls `rows` with new and changed rows in any order, and the ids of results that were deleted.
   */
  follow(
    rows: (changed: readonly Row[], gone: readonly string[]) => void,
    connection: (state: Connection) => void,
  ): Unfollow;

  /** Calls `result` at once and after each change; with null where there is no such result. */
  followOne(
    resultId: string,
    result: (found: Result | null) => void,
    failed: (error: Error) => void,
  ): Unfollow;

  models(): Promise<Model[]>;

  /** The model's card, in Markdown. */
  card(model: string): Promise<string>;

  /** An address that a picture can be read from for some minutes. */
  address(artifact: { bucket: string; object: string }): Promise<string>;

  /** Puts a file into the landing bucket. Rejects with UploadRefused. */
  upload(
    file: File,
    route: string,
    progress: (share: number) => void,
    signal: AbortSignal,
  ): Promise<Upload>;
}
