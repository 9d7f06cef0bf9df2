/** Signed addresses of pictures: asked for once for each result, kept until shortly before they
 * expire, so that the browser's cache knows them again. */

import { type Api, ApiAway } from "./Api";
import { pause, pauseOf } from "./patience";

const MARGIN_MS = 60_000;
const TRIES = 6;
const MOST = 2000;

interface Signed {
  /** Milliseconds since the epoch. */
  expiresAt: number;
  /** By name of the artifact. */
  addresses: Record<string, string>;
}

export class Addresses {
  private readonly kept = new Map<string, Signed>();
  private readonly asked = new Map<string, Promise<Signed>>();

  constructor(
    private readonly api: Api,
    private readonly now: () => number = Date.now,
  ) {}

  /** Rejects with ApiRefused, with ApiAway after some tries, or where there is no such artifact. */
  async of(resultId: string, name: string): Promise<string> {
    const kept = this.kept.get(resultId);
    if (kept && kept.expiresAt - MARGIN_MS > this.now()) {
      const address = kept.addresses[name];
      if (address !== undefined) return address;
      // It was written after the others were asked for.
    }
    const address = (await this.ask(resultId)).addresses[name];
    if (address === undefined) throw new Error(`result ${resultId}: there is no artifact ${name}`);
    return address;
  }

  private ask(resultId: string): Promise<Signed> {
    const underway = this.asked.get(resultId);
    if (underway) return underway;
    const asked = this.read(resultId).finally(() => this.asked.delete(resultId));
    this.asked.set(resultId, asked);
    return asked;
  }

  private async read(resultId: string): Promise<Signed> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const signed = await this.api.ask<Signed>("GET", `/v1/results/${resultId}/addresses`);
        this.keep(resultId, signed);
        return signed;
      } catch (error) {
        if (!(error instanceof ApiAway) || attempt === TRIES) throw error;
        await pause(pauseOf(attempt));
      }
    }
  }

  private keep(resultId: string, signed: Signed): void {
    this.kept.delete(resultId);
    this.kept.set(resultId, signed);
    for (const oldest of this.kept.keys()) {
      if (this.kept.size <= MOST) break;
      this.kept.delete(oldest);
    }
  }
}
