/** The list of results that a user sees: pages of what there is, and one listener to changes. */

import type { Row } from "../../domain/row";
import type { Connection, Following, Unfollow } from "../source";
import type { Token } from "./Api";
import { followChanges, OVERLAP_MS, stampOf } from "./Changes";
import type { Database } from "./database";
import { History } from "./History";
import { isGone, toRow } from "./listEntry";
import { pause, pauseOf } from "./patience";
import { MOST_PROJECTS } from "./queries";

export class ResultList implements Following {
  private readonly histories: History[] = [];
  private readonly stops: Unfollow[] = [];
  /** By result, when what was told of it was written: an answer may come after a newer one. */
  private readonly toldAt = new Map<string, number>();
  private readonly ending = new AbortController();
  private readonly states: Connection[] = [];
  /** One for each group of projects: settled once its first page was read. */
  private readonly begun: Promise<void>[] = [];

  constructor(
    private readonly database: Database,
    projects: readonly string[],
    private readonly token: Token,
    private readonly rows: (changed: readonly Row[], gone: readonly string[]) => void,
    private readonly connection: (state: Connection) => void,
  ) {
    for (let at = 0; at < projects.length; at += MOST_PROJECTS) {
      const some = projects.slice(at, at + MOST_PROJECTS);
      const group = this.begun.length;
      this.begun.push(new Promise((resolve) => void this.open(group, some, resolve)));
    }
  }

  readonly end = (): void => {
    this.ending.abort();
    for (const stop of this.stops) stop();
  };

  readonly older = async (): Promise<boolean> => {
    await Promise.all(this.begun);
    const open = this.histories.filter((one) => !one.ended);
    await Promise.all(open.map((one) => this.read(one)));
    return this.histories.some((one) => !one.ended);
  };

  /** Reads the first page and then follows. Begins again for as long as it is refused or away. */
  private async open(group: number, projects: readonly string[], begun: () => void): Promise<void> {
    this.tell(group, "connecting");
    for (let attempt = 1; !this.ending.signal.aborted; attempt += 1) {
      try {
        const history = new History(this.database, projects, this.token);
        const readAt = await this.read(history);
        if (this.ending.signal.aborted) return;
        this.histories[group] = history;
        begun();
        await this.follow(group, projects, readAt - OVERLAP_MS);
      } catch (error) {
        console.warn("dropsight: the list of results is not followed just now", error);
      }
      this.tell(group, "lost");
      // A new token tells of projects that were granted or withdrawn meanwhile.
      await this.token(attempt > 1).catch(() => undefined);
      await pause(pauseOf(attempt), this.ending.signal).catch(() => undefined);
    }
  }

  /** Tells the page's rows; when Firestore read them. */
  private async read(history: History): Promise<number> {
    const { rows, readAt } = await history.next();
    if (this.ending.signal.aborted) return readAt;
    const news = rows.filter(({ row, changedAt }) => this.isNews(row.resultId, changedAt));
    this.rows(
      news.map((one) => one.row),
      [],
    );
    return readAt;
  }

  /** Resolves when it is ended; rejects when the rules refuse. */
  private follow(group: number, projects: readonly string[], since: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.ending.signal.addEventListener("abort", () => resolve());
      const stop = followChanges(this.database, projects, since, {
        changed: (documents) => {
          const news = documents.filter((one) => this.isNews(one.id, stampOf(one)));
          const plain = news.map((one) => ({ id: one.id, data: one.data() }));
          this.rows(
            plain.flatMap(({ id, data }) => toRow(id, data) ?? []),
            plain.filter(({ data }) => isGone(data)).map(({ id }) => id),
          );
        },
        gone: (resultIds) => this.rows([], resultIds),
        connection: (state) => this.tell(group, state),
        refused: reject,
      });
      this.stops.push(stop);
    });
  }

  private isNews(resultId: string, writtenAt: number): boolean {
    if (writtenAt < (this.toldAt.get(resultId) ?? 0)) return false;
    this.toldAt.set(resultId, writtenAt);
    return true;
  }

  /** The list is live when every group of projects is. */
  private tell(group: number, state: Connection): void {
    if (this.ending.signal.aborted) return;
    this.states[group] = state;
    const worst = (["lost", "connecting"] as const).find((one) => this.states.includes(one));
    this.connection(worst ?? "live");
  }
}
