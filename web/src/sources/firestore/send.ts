/** One request to Cloud Storage, with the progress of its body, which fetch cannot tell. */

import { UploadRefused } from "../source";
import { Interrupted } from "./resumable";

export interface Sent {
  method: string;
  url: string;
  headers: Record<string, string>;
  body?: Blob;
  /** Bytes of the body that have left. */
  progress?: (bytes: number) => void;
  signal: AbortSignal;
}

const AWAY = new Set([408, 429, 500, 502, 503, 504]);

export class Answer {
  constructor(
    readonly status: number,
    readonly header: (name: string) => string | null,
    private readonly text: string,
  ) {}

  /** What this answer, which is not the one that was hoped for, means. */
  refusal(): Error {
    const told = this.text.match(/<(?:Message|Details)>([^<]*)</)?.[1] ?? this.text.slice(0, 200);
    const sentence = `the bucket answered ${this.status}${told && `: ${told}`}`;
    return AWAY.has(this.status) ? new Interrupted(sentence) : new UploadRefused(sentence);
  }
}

/** Rejects with Interrupted where there is no answer, with the signal's reason when it is aborted. */
export function send(asked: Sent): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { signal } = asked;
    if (signal.aborted) return reject(signal.reason);
    const request = new XMLHttpRequest();
    const stop = () => request.abort();
    signal.addEventListener("abort", stop);
    request.onloadend = () => signal.removeEventListener("abort", stop);
    request.open(asked.method, asked.url);
    for (const [name, value] of Object.entries(asked.headers)) {
      request.setRequestHeader(name, value);
    }
    request.upload.onprogress = (event) => asked.progress?.(event.loaded);
    request.onload = () =>
      resolve(
        new Answer(request.status, (name) => request.getResponseHeader(name), request.responseText),
      );
    request.onerror = () => reject(new Interrupted("the bucket cannot be reached"));
    request.onabort = () => reject(signal.reason);
    request.send(asked.body ?? null);
  });
}
