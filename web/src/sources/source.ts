/** Where results come from: one interface for the laptop's server and for Firestore. */

import type { Method, Model } from "../domain/model";
import type { Artifact, Result } from "../domain/result";
import type { Row } from "../domain/row";

export type Unfollow = () => void;
export type Connection = "connecting" | "live" | "lost";

/** A list that is followed. */
export interface Following {
  end: Unfollow;
  /** Tells of the next older results, which are not read before. False: there are no more. */
  older: () => Promise<boolean>;
}

/** What an address is asked for. */
export type StoredPicture = Pick<Artifact, "name" | "bucket" | "object">;

export interface Upload {
  /** The object's name in the landing bucket. */
  object: string;
  /** The result that will tell of it, where that is known already. */
  resultId: string | null;
}

/** An upload that was refused; `message` is the sentence that says why. */
export class UploadRefused extends Error {}

/** The server cannot be reached, or the connection broke: trying again may help. */
export class ConnectionLost extends Error {}

export interface Feedback {
  verdict: "agree" | "disagree";
  /** At most 2000 characters. */
  comment: string;
  /** Id of the label that is meant; null: the whole result. */
  label: string | null;
}

export interface FeedbackRecord extends Feedback {
  feedbackId: string;
  author: { uid: string; name: string };
  /** Milliseconds since the epoch. */
  createdAt: number;
}

/** What is to be explained: a label of a classifier, or an object by its number in its frame. */
export interface ExplanationRequest {
  method: Method;
  frame: number;
  label: string | null;
  object: number | null;
}

export interface ResultSource {
  /** Whether a file may be uploaded without a route: its content decides then. */
  readonly routesByContent: boolean;

  /**
   * Calls `rows` with new and changed rows in any order, and the ids of results that were deleted.
   */
  follow(
    rows: (changed: readonly Row[], gone: readonly string[]) => void,
    connection: (state: Connection) => void,
  ): Following;

  /** Calls `result` at once and after each change; with null where there is no such result. */
  followOne(
    resultId: string,
    result: (found: Result | null) => void,
    failed: (error: Error) => void,
  ): Unfollow;

  models(): Promise<Model[]>;

  /** The model's card, in Markdown. */
  card(model: string): Promise<string>;

  /** An address that a picture of the result can be read from for some minutes. */
  address(resultId: string, artifact: StoredPicture): Promise<string>;

  /** Asks for one more explanation; it arrives with the result. Rejects with the reason. */
  explain(resultId: string, asked: ExplanationRequest): Promise<void>;

  /** Calls `told` at once and after each change with all that was said, oldest first. */
  followFeedback(resultId: string, told: (all: readonly FeedbackRecord[]) => void): Unfollow;

  /** Adds to what was said; nothing is ever changed. Rejects with the reason. */
  giveFeedback(resultId: string, given: Feedback): Promise<void>;

  /** Puts a file into the landing bucket. Rejects with UploadRefused or ConnectionLost. */
  upload(
    file: File,
    route: string,
    progress: (share: number) => void,
    signal: AbortSignal,
  ): Promise<Upload>;
}
