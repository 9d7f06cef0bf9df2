/** Results of `dropsight up`: JSON for what is there, server-sent events for what changes. */

import type { Result as WireResult } from "../domain/generated/result";
import { type Model, toModel, type WireModel } from "../domain/model";
import { type Result, toResult } from "../domain/result";
import type { Row, RowFinding } from "../domain/row";
import {
  type Connection,
  ConnectionLost,
  type ExplanationRequest,
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
/** What others say is looked for so often: their words do not change the result. */
const FEEDBACK_MS = 15_000;

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

interface Page {
  results: Summary[];
  revision: number;
  /** Where the next page begins; null on the last. */
  cursor: string | null;
}

export class LaptopSource implements ResultSource {
  readonly routesByContent = true;
  private readonly changed = new EventTarget();

  follow(
    rows: (changed: readonly Row[], gone: readonly string[]) => void,
    connection: (state: Connection) => void,
  ): Following {
    connection("connecting");
    let events: EventSource | undefined;
    let ended = false;
    /** Told by an event: what a page of the list says of them is older. Null when all are read. */
    let told: Set<string> | null = new Set<string>();
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
        for (const one of summaries) told?.add(one.resultId);
        for (const one of summaries) this.changed.dispatchEvent(new Event(one.resultId));
      };
    };
    /** The newest page first, so that there is something to see; the older ones after it. */
    const start = async () => {
      let cursor: string | null = "";
      while (!ended && cursor !== null) {
        try {
          const page: Page = await readJson<Page>(`api/results?limit=${PAGE}&cursor=${cursor}`);
          if (ended) return;
          rows(page.results.filter((one) => !told?.has(one.resultId)).map(toRow), []);
          if (events) connection("live");
          else open(page.revision);
          cursor = page.cursor;
        } catch {
          connection("lost"); // the server is away; the state says so, and we go on trying
          await new Promise((resolve) => setTimeout(resolve, 1000));
        }
      }
      told = null;
    };
    const all = start();
    return {
      end: () => {
        ended = true;
        events?.close();
      },
      older: async () => {
        await all;
        return false;
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

  async explain(resultId: string, asked: ExplanationRequest): Promise<void> {
    await send(`v1/results/${resultId}/explanations`, asked);
  }

  followFeedback(resultId: string, told: (all: readonly FeedbackRecord[]) => void): Unfollow {
    const address = `v1/results/${resultId}/feedback`;
    let ended = false;
    let next: ReturnType<typeof setTimeout>;
    const read = async () => {
      clearTimeout(next);
      try {
        const all = await readJson<{ feedback: FeedbackRecord[] }>(address);
        // The server counts seconds.
        const said = all.feedback.map((one) => ({ ...one, createdAt: one.createdAt * 1000 }));
        if (!ended) told(said);
      } catch {
        // the server is away, which the list says: the next turn asks again
      }
      if (!ended) next = setTimeout(() => void read(), FEEDBACK_MS);
    };
    const given = feedbackOf(resultId);
    this.changed.addEventListener(given, read);
    void read();
    return () => {
      ended = true;
      clearTimeout(next);
      this.changed.removeEventListener(given, read);
    };
  }

  async giveFeedback(resultId: string, given: Feedback): Promise<void> {
    await send(`v1/results/${resultId}/feedback`, given);
    this.changed.dispatchEvent(new Event(feedbackOf(resultId)));
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

const feedbackOf = (resultId: string) => `feedback of ${resultId}`;

async function send(address: string, body: unknown): Promise<void> {
  const answer = await fetch(address, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(await sentenceOf(answer));
}

async function readJson<T>(address: string): Promise<T> {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(await sentenceOf(answer));
  return (await answer.json()) as T;
}

const sentenceOf = async (answer: Response) => sentence(await answer.text(), answer.status);

/** The server's own words, which are plain text, `{"error": …}` or `{"error": {"message": …}}`. */
function sentence(body: string, status: number): string {
  try {
    const told = (JSON.parse(body) as { error?: { message?: unknown } | string }).error;
    if (typeof told === "string") return told;
    if (typeof told?.message === "string") return told.message;
  } catch {
    // not JSON: the text itself is the sentence
  }
  return body || `the server answered ${status}`;
}
