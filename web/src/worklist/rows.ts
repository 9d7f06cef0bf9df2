/** The rows that are known, newest first; the list is drawn at most once a frame. */

import { useSyncExternalStore } from "react";
import type { Row } from "../domain/row";
import type { Connection, Following, ResultSource, Unfollow } from "../sources/source";

/** How far back the list goes: all rows are known, older ones are there, or are being read. */
export type Depth = "all" | "more" | "reading";

const RETRY_MS = 5000;

export class Rows {
  private readonly byId = new Map<string, Row>();
  private readonly listeners = new Set<() => void>();
  private sorted: readonly Row[] = [];
  private state: Connection = "connecting";
  private scheduled = false;
  private following: Following | null = null;
  private reach: Depth = "more";

  follow(source: ResultSource): Unfollow {
    const following = source.follow(
      (changed, gone) => this.take(changed, gone),
      (state) => {
        this.state = state;
        this.schedule();
      },
    );
    this.following = following;
    this.reach = "more";
    return () => following.end();
  }

  /** Has the next older results read, unless that is being done. */
  readonly older = async (): Promise<void> => {
    const { following } = this;
    if (this.reach !== "more" || following === null) return;
    this.reach = "reading";
    this.schedule();
    let more = true;
    try {
      more = await following.older();
    } catch (error) {
      console.warn("dropsight: older results cannot be read just now", error);
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS)); // the list asks again at once
    }
    if (following !== this.following) return;
    this.reach = more ? "more" : "all";
    this.schedule();
  };

  /** New or changed rows, and ids of those that were deleted. */
  take(changed: readonly Row[], gone: readonly string[]): void {
    for (const row of changed) this.byId.set(row.resultId, row);
    for (const id of gone) this.byId.delete(id);
    this.schedule();
  }

  readonly subscribe = (listener: () => void): Unfollow => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly all = (): readonly Row[] => this.sorted;
  readonly connection = (): Connection => this.state;
  readonly depth = (): Depth => this.reach;

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    // A hidden tab gets no frames: a timer comes anyway.
    const draw = document.hidden ? (go: () => void) => setTimeout(go, 200) : requestAnimationFrame;
    draw(() => {
      this.scheduled = false;
      this.sorted = [...this.byId.values()].sort(
        (a, b) => b.arrivedAt - a.arrivedAt || (a.resultId < b.resultId ? -1 : 1),
      );
      for (const listener of this.listeners) listener();
    });
  }
}

export const useRows = (rows: Rows): readonly Row[] =>
  useSyncExternalStore(rows.subscribe, rows.all);

export const useDepth = (rows: Rows): Depth => useSyncExternalStore(rows.subscribe, rows.depth);

/** The id of the newest row; null where there is none. */
export const useNewest = (rows: Rows): string | null =>
  useSyncExternalStore(rows.subscribe, () => rows.all()[0]?.resultId ?? null);

export const useConnection = (rows: Rows): Connection =>
  useSyncExternalStore(rows.subscribe, rows.connection);
