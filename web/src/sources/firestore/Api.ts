/** The function `api`, asked as the user who is signed in. */

/** The ID token; `fresh`: a new one, for the one that is kept was refused. */
export type Token = (fresh: boolean) => Promise<string>;

/** It answered, and refused; `message` is its sentence. */
export class ApiRefused extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** It did not answer, or says that it cannot just now: to be asked again. */
export class ApiAway extends Error {}

const AWAY = new Set([408, 429, 500, 502, 503, 504]);

export class Api {
  constructor(
    /** Without a slash at its end. */
    private readonly base: string,
    private readonly token: Token,
  ) {}

  /** The answer's JSON. Rejects with ApiRefused or ApiAway. */
  async ask<T>(method: "GET" | "POST", path: string, body?: unknown): Promise<T> {
    let answer = await this.send(method, path, body, false);
    if (answer.status === 401) answer = await this.send(method, path, body, true);
    if (answer.ok) return (await answer.json()) as T;
    const told = await sentenceOf(answer);
    throw AWAY.has(answer.status) ? new ApiAway(told) : new ApiRefused(answer.status, told);
  }

  private async send(
    method: string,
    path: string,
    body: unknown,
    fresh: boolean,
  ): Promise<Response> {
    const headers: Record<string, string> = {
      authorization: `Bearer ${await this.token(fresh)}`,
    };
    if (body !== undefined) headers["content-type"] = "application/json";
    try {
      return await fetch(this.base + path, {
        method,
        headers,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    } catch (error) {
      throw new ApiAway((error as Error).message);
    }
  }
}

async function sentenceOf(answer: Response): Promise<string> {
  const body = await answer.text();
  try {
    const told = (JSON.parse(body) as { error?: { message?: unknown } }).error?.message;
    if (typeof told === "string") return told;
  } catch {
    // not JSON: the platform's own page, which says nothing to the user
  }
  return `the server answered ${answer.status}`;
}
