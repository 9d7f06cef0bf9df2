/** Results of `dropsight up`: JSON for what is there, server-sent events for what changes. */

import type { Result as WireResult } from "../domain/generated/result";
import { type Model, toModel, type WireModel } from "../domain/model";
import { type Result, toResult } from "../domain/result";
import type { Row, RowFinding } from "../domain/row";
import {
  type Connection,
  ConnectionLost,
  type Feedback,
  type FeedbackRecord,
  type Following,
  type ResultSource,
  type StoredPicture,
  type Unfollow,
  type Upload,
  UploadRefused,
} from "./source";

const PAGE = 1000;

interface Listing {
  results: Summary[];
  revision: number;
  /** Leads to the next older ones; null where there are none. */
  cursor: string | null;
}

interface Summary {
  resultId: string;
  status: Row["status"];
  object: string;
  format: string | null;
  model: string | null;
  queuedAt: number;
  found: RowFinding[];
  errorCode: string | null;
  display: string | null;
}

export class LaptopSource implements ResultSource {
  readonly routesByContent = true;
  private readonly changed = new EventTarget();
  private readonly judged = new EventTarget();

  follow(
    rows: (changed: readonly Row[], gone: readonly string[]) => void,
    connection: (state: Connection) => void,
  ): Following {
    connection("connecting");
    let events: EventSource | undefined;
    let ended = false;
    let cursor: string | null = null;
    const read = async (): Promise<Listing> => {
      const after: string = cursor === null ? "" : `&cursor=${cursor}`;
      const page = await readJson<Listing>(`api/results?limit=${PAGE}${after}`);
      cursor = page.cursor;
      if (!ended) rows(page.results.map(toRow), []);
      return page;
    };
    const open = (revision: number) => {
      events = new EventSource(`api/events?since=${revision}`);
      events.onopen = () => connection("live");
      events.onerror = () => connection("lost");
      events.onmessage = (event: MessageEvent<string>) => {
        const summaries = JSON.parse(event.data) as Summary[];
        rows(
          summaries.filter((one) => !isGone(one)).map(toRow),
          summaries.filter(isGone).map((one) => one.resultId),
        );
        for (const one of summaries) this.changed.dispatchEvent(new Event(one.resultId));
      };
    };
    const start = async () => {
      while (!ended) {
        try {
          const page = await read();
          if (!ended) open(page.revision);
          return;
        } catch {
          connection("lost"); // the server is away; the state says so, and we go on trying
          await new Promise((resolve) => setTimeout(resolve, 1000));
        }
      }
    };
    void start();
    return {
      end: () => {
        ended = true;
        events?.close();
      },
      older: async () => {
        if (cursor !== null) await read();
        return cursor !== null;
      },
    };
  }

  followOne(
    resultId: string,
    result: (found: Result | null) => void,
    failed: (error: Error) => void,
  ): Unfollow {
    let ended = false;
    let asked = 0;
    const read = async () => {
      asked += 1;
      const turn = asked;
      try {
        const answer = await fetch(`api/results/${resultId}`);
        if (answer.status !== 404 && !answer.ok) throw new Error(await sentenceOf(answer));
        const plain = answer.ok ? ((await answer.json()) as WireResult) : null;
        const found = plain && !isGone(plain) ? toResult(plain) : null;
        if (!ended && turn === asked) result(found);
      } catch (error) {
        if (!ended && turn === asked) failed(error as Error);
      }
    };
    this.changed.addEventListener(resultId, read);
    void read();
    return () => {
      ended = true;
      this.changed.removeEventListener(resultId, read);
    };
  }

  async models(): Promise<Model[]> {
    return (await readJson<WireModel[]>("api/models")).map(toModel);
  }

  async card(model: string): Promise<string> {
    const answer = await fetch(`models/${encodeURIComponent(model)}/card`);
    if (!answer.ok) throw new Error(await sentenceOf(answer));
    return answer.text();
  }

  async address(_resultId: string, artifact: StoredPicture): Promise<string> {
    const name = artifact.object.split("/").map(encodeURIComponent).join("/");
    return `artifacts/${encodeURIComponent(artifact.bucket)}/${name}`;
  }

  upload(
    file: File,
    route: string,
    progress: (share: number) => void,
    signal: AbortSignal,
  ): Promise<Upload> {
    return new Promise((resolve, reject) => {
      // fetch cannot say how much of a body it has sent.
      const request = new XMLHttpRequest();
      request.open("POST", `api/upload?${new URLSearchParams({ name: file.name, route })}`);
      request.upload.onprogress = (event) => {
        if (event.lengthComputable) progress(event.loaded / event.total);
      };
      request.onload = () => {
        if (request.status === 201) resolve(JSON.parse(request.responseText) as Upload);
        else reject(new UploadRefused(sentence(request.responseText, request.status)));
      };
      request.onerror = () => reject(new ConnectionLost("the server cannot be reached"));
      request.onabort = () => reject(new DOMException("stopped", "AbortError"));
      signal.addEventListener("abort", () => request.abort());
      request.send(file);
    });
  }

  followFeedback(resultId: string, told: (all: readonly FeedbackRecord[]) => void): Unfollow {
    let ended = false;
    const read = async () => {
      const { feedback } = await readJson<{ feedback: FeedbackRecord[] }>(
        `v1/results/${resultId}/feedback`,
      );
      if (!ended) told(feedback.map((one) => ({ ...one, createdAt: one.createdAt * 1000 })));
    };
    const again = () => void read().catch((error) => console.warn("dropsight: feedback", error));
    this.judged.addEventListener(resultId, again);
    again();
    return () => {
      ended = true;
      this.judged.removeEventListener(resultId, again);
    };
  }

  async giveFeedback(resultId: string, given: Feedback): Promise<void> {
    const answer = await fetch(`v1/results/${resultId}/feedback`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(given),
    });
    if (!answer.ok) throw new Error(await sentenceOf(answer));
    this.judged.dispatchEvent(new Event(resultId));
  }
}

const isGone = (one: { status: string }) => one.status === "deleting" || one.status === "deleted";

const toRow = (one: Summary): Row => ({
  resultId: one.resultId,
  status: one.status,
  object: one.object,
  format: one.format,
  model: one.model,
  arrivedAt: one.queuedAt,
  found: one.found,
  errorCode: one.errorCode,
  display: one.display ? placeOf(one.display) : null,
});

/** `artifacts/{bucket}/{object}` taken apart. */
function placeOf(address: string): StoredPicture {
  const [, bucket = "", ...rest] = address.split("/");
  return { name: "display-0", bucket, object: rest.join("/") };
}

async function readJson<T>(address: string): Promise<T> {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(await sentenceOf(answer));
  return (await answer.json()) as T;
}

const sentenceOf = async (answer: Response) => sentence(await answer.text(), answer.status);

/** The server's own words, which are plain text or `{"error": …}`. */
function sentence(body: string, status: number): string {
  try {
    const told = (JSON.parse(body) as { error?: unknown }).error;
    if (typeof told === "string") return told;
  } catch {
    // not JSON: the text itself is the sentence
  }
  return body || `the server answered ${status}`;
}
