/** A resumable upload: the file in pieces, from where the bucket has it, across short outages.
 * https://cloud.google.com/storage/docs/performing-resumable-uploads */

import { ConnectionLost, UploadRefused } from "../source";
import { pause, pauseOf } from "./patience";
import type { Answer, Sent } from "./send";

/** A multiple of 256 KiB, as the protocol asks for. */
export const CHUNK = 8 * 1024 * 1024;
/** Without a byte of progress for so long, it is given up. */
const PATIENCE_MS = 10 * 60_000;
/** A session that is lost is begun anew so many times. */
const SESSIONS = 3;

/** No answer, or one that says "not just now". */
export class Interrupted extends Error {}

/** The bucket does not know the session any more. */
class SessionLost extends Error {}

export interface Ways {
  /** Starts a session; its address. */
  open: () => Promise<string>;
  send: (asked: Sent) => Promise<Answer>;
  /** Share of the bytes that have arrived, in [0, 1]. */
  progress: (share: number) => void;
  signal: AbortSignal;
}

/** Rejects with UploadRefused, with ConnectionLost, or with the signal's reason once it is aborted. */
export async function sendResumably(file: Blob, ways: Ways): Promise<void> {
  const upload = new ResumableUpload(file, ways);
  try {
    await upload.run();
  } catch (error) {
    if (ways.signal.aborted) upload.cancel();
    throw error;
  }
}

class ResumableUpload {
  private session: string | null = null;
  private sessions = 0;
  private offset = 0;
  private attempt = 0;
  private movedAt = Date.now();

  constructor(
    private readonly file: Blob,
    private readonly ways: Ways,
  ) {}

  async run(): Promise<void> {
    for (;;) {
      try {
        if (await this.go()) return;
      } catch (error) {
        if (error instanceof SessionLost) this.session = null;
        else if (!(error instanceof Interrupted)) throw error;
        await this.wait(error);
      }
    }
  }

  /** The bucket forgets what it has of the file by itself; this only has it do so at once. */
  cancel(): void {
    if (this.session === null) return;
    void fetch(this.session, { method: "DELETE", keepalive: true }).catch(() => undefined);
  }

  /** True when the whole file has arrived. */
  private async go(): Promise<boolean> {
    this.ways.signal.throwIfAborted();
    if (this.session === null) await this.open();
    else if (await this.locate(this.session)) return true;
    while (!(await this.piece(this.session as string)));
    return true;
  }

  private async open(): Promise<void> {
    this.session = await this.ways.open();
    this.sessions += 1;
    this.offset = 0;
  }

  /** After an interruption: how far did it come? True: it was whole already. */
  private locate(session: string): Promise<boolean> {
    return this.put(session, `bytes */${this.file.size}`);
  }

  private piece(session: string): Promise<boolean> {
    const { size } = this.file;
    const end = Math.min(this.offset + CHUNK, size);
    const range = size === 0 ? "bytes */0" : `bytes ${this.offset}-${end - 1}/${size}`;
    return this.put(session, range, this.file.slice(this.offset, end));
  }

  /** True when the file is whole. Moves on to where the bucket says that it is. */
  private async put(session: string, range: string, body?: Blob): Promise<boolean> {
    const from = this.offset;
    const answer = await this.ways.send({
      method: "PUT",
      url: session,
      headers: { "content-range": range },
      ...(body && { body, progress: (bytes) => this.tell(from + bytes) }),
      signal: this.ways.signal,
    });
    switch (answer.status) {
      case 200:
      case 201:
        this.tell(this.file.size);
        return true;
      case 308: {
        const arrived = answer.header("range")?.match(/-(\d+)$/)?.[1];
        const offset = arrived === undefined ? 0 : Number(arrived) + 1;
        if (offset > this.offset) {
          this.attempt = 0;
          this.movedAt = Date.now();
        } else if (body) {
          throw new Interrupted("the bucket took nothing of a piece");
        }
        this.offset = offset;
        this.tell(offset);
        return false;
      }
      case 404:
      case 410:
        throw new SessionLost("the bucket does not know the upload any more");
      default:
        throw answer.refusal();
    }
  }

  private tell(bytes: number): void {
    this.ways.progress(this.file.size ? Math.min(1, bytes / this.file.size) : 1);
  }

  private async wait(error: Error): Promise<void> {
    if (this.sessions >= SESSIONS && error instanceof SessionLost) {
      throw new UploadRefused(`${error.message}, ${SESSIONS} times on end`);
    }
    if (Date.now() - this.movedAt > PATIENCE_MS) throw new ConnectionLost(error.message);
    this.attempt += 1;
    await pause(pauseOf(this.attempt), this.ways.signal);
  }
}
