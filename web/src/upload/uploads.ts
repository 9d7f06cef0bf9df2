/** Files on their way into the landing bucket, a few at a time. */

import { ConnectionLost, type ResultSource } from "../sources/source";

const AT_ONCE = 3;

export interface Item {
  id: number;
  file: File;
  route: string;
  state: "waiting" | "sending" | "done" | "refused" | "lost" | "stopped";
  /** Share of the bytes that have been sent, in [0, 1]. */
  share: number;
  /** Why it was refused. */
  reason: string | null;
  /** Its name in the landing bucket, once it is there. */
  object: string | null;
  resultId: string | null;
}

export class Uploads {
  private items: readonly Item[] = [];
  private readonly stops = new Map<number, AbortController>();
  private readonly listeners = new Set<() => void>();
  private next = 1;

  constructor(private readonly source: ResultSource) {}

  readonly subscribe = (listener: () => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };
  readonly all = (): readonly Item[] => this.items;

  add(files: readonly File[], route: string): void {
    const made = files.map<Item>((file) => ({
      id: this.next++,
      file,
      route,
      state: "waiting",
      share: 0,
      reason: null,
      object: null,
      resultId: null,
    }));
    this.set([...this.items, ...made]);
    this.work();
  }

  again(id: number): void {
    this.change(id, { state: "waiting", share: 0, reason: null });
    this.work();
  }

  stop(id: number): void {
    const running = this.stops.get(id);
    if (running) running.abort();
    else this.change(id, { state: "stopped" });
  }

  clear(): void {
    this.set(this.items.filter((one) => one.state === "waiting" || one.state === "sending"));
  }

  private work(): void {
    for (const item of this.items) {
      if (this.stops.size >= AT_ONCE) return;
      if (item.state === "waiting") void this.send(item);
    }
  }

  private async send(item: Item): Promise<void> {
    const stop = new AbortController();
    this.stops.set(item.id, stop);
    this.change(item.id, { state: "sending" });
    try {
      const made = await this.source.upload(
        item.file,
        item.route,
        (share) => this.change(item.id, { share }),
        stop.signal,
      );
      this.change(item.id, { state: "done", share: 1, ...made });
    } catch (error) {
      if (stop.signal.aborted) this.change(item.id, { state: "stopped" });
      else if (error instanceof ConnectionLost) this.change(item.id, { state: "lost" });
      else this.change(item.id, { state: "refused", reason: (error as Error).message });
    } finally {
      this.stops.delete(item.id);
      this.work();
    }
  }

  private change(id: number, part: Partial<Item>): void {
    this.set(this.items.map((one) => (one.id === id ? { ...one, ...part } : one)));
  }

  private set(items: readonly Item[]): void {
    this.items = items;
    for (const listener of this.listeners) listener();
  }
}
