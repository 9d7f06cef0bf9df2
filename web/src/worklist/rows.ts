/** The rows that are known, newest first; the list is drawn at most once a frame. */

import { useSyncExternalStore } from "react";
import type { Row } from "../domain/row";
import type { Connection, ResultSource, Unfollow } from "../sources/source";

export class Rows {
  private readonly byId = new Map<string, Row>();
  private readonly listeners = new Set<() => void>();
  private sorted: readonly Row[] = [];
  private state: Connection = "connecting";
  private scheduled = false;

  follow(source: ResultSource): Unfollow {
    return source.follow(
      (changed, gone) => this.take(changed, gone),
      (state) => {
        this.state = state;
        this.schedule();
      },
    );
  }

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

/** The id of the newest row; null where there is none. */
export const useNewest = (rows: Rows): string | null =>
  useSyncExternalStore(rows.subscribe, () => rows.all()[0]?.resultId ?? null);

export const useConnection = (rows: Rows): Connection =>
  useSyncExternalStore(rows.subscribe, rows.connection);
