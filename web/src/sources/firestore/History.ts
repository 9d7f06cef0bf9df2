/** Results that are there already, newest first, a page at a time. */

import type { Row } from "../../domain/row";
import { ApiAway, ApiRefused, type Token } from "./Api";
import type { Database } from "./database";
import { toRow } from "./listEntry";
import { historyQuery, type Place } from "./queries";
import { type Fields, fromFields } from "./values";

export const PAGE = 200;

export interface HistoryRow {
  row: Row;
  /** Milliseconds since the epoch, by Firestore's clock. */
  changedAt: number;
}

export interface HistoryPage {
  rows: HistoryRow[];
  /** When Firestore looked, in milliseconds since the epoch. */
  readAt: number;
}

interface Answer {
  readTime?: string;
  document?: { name: string; fields: Fields };
}

export class History {
  private place: Place | null = null;
  /** Whether there is nothing older than what was read. */
  ended = false;

  constructor(
    private readonly database: Database,
    private readonly projects: readonly string[],
    private readonly token: Token,
  ) {}

  /** The next page. Rejects with ApiAway, or ApiRefused where the rules do not allow it. */
  async next(): Promise<HistoryPage> {
    const answers = await this.ask();
    const documents = answers.flatMap((one) => one.document ?? []);
    const last = documents.at(-1);
    if (last?.fields.arrivedAt) this.place = { arrivedAt: last.fields.arrivedAt, name: last.name };
    this.ended = documents.length < PAGE;
    const rows = documents.flatMap(({ name, fields }) => {
      const plain = fromFields(fields);
      const row = toRow(name.slice(name.lastIndexOf("/") + 1), plain);
      return row ? [{ row, changedAt: (plain.changedAt as number | undefined) ?? 0 }] : [];
    });
    const readTime = answers.find((one) => one.readTime)?.readTime;
    return { rows, readAt: readTime === undefined ? Date.now() : Date.parse(readTime) };
  }

  private async ask(): Promise<Answer[]> {
    const address = `${this.database.rest}/v1/${this.database.documents}:runQuery`;
    const structuredQuery = historyQuery(this.projects, PAGE, this.place);
    let answer: Response;
    try {
      answer = await fetch(address, {
        method: "POST",
        headers: {
          authorization: `Bearer ${await this.token(false)}`,
          "content-type": "application/json",
        },
        body: JSON.stringify({ structuredQuery }),
      });
    } catch (error) {
      throw new ApiAway((error as Error).message);
    }
    if (answer.ok) return (await answer.json()) as Answer[];
    const told = `Firestore answered ${answer.status}: ${(await answer.text()).slice(0, 300)}`;
    // 400 names an index that is missing, 403 the rules: to ask again changes neither.
    if (answer.status === 400 || answer.status === 403) throw new ApiRefused(answer.status, told);
    throw new ApiAway(told);
  }
}
