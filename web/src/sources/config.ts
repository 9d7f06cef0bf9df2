/** `config.json` beside index.html: where results come from, and what signing in takes. */

export type SignInMethod = "google.com" | "password";
const METHODS: readonly string[] = ["google.com", "password"] satisfies SignInMethod[];

export interface LaptopConfig {
  source: "laptop";
}

export interface FirestoreConfig {
  source: "firestore";
  /** As the Firebase console shows it for a web app; none of it is a secret. */
  firebase: { apiKey: string; authDomain: string; projectId: string; appId: string };
  /** Id of the database. */
  database: string;
  /** Address of the function `api`, without a slash at its end. */
  api: string;
  signIn: SignInMethod[];
  /** Of tests: `host:port` and `http://host:port`. */
  emulators: { firestore: string; auth: string } | null;
}

export type PageConfig = LaptopConfig | FirestoreConfig;

/** The configuration cannot be used; `message` says what was found and what is legal. */
export class ConfigInvalid extends Error {}

export async function readConfig(): Promise<PageConfig> {
  let answer: Response;
  try {
    answer = await fetch("config.json", { cache: "no-cache" });
  } catch {
    throw new ConfigInvalid("config.json cannot be read: the server does not answer");
  }
  if (!answer.ok) {
    throw new ConfigInvalid(
      `config.json cannot be read: the server answered ${answer.status}; ` +
        "it belongs beside index.html",
    );
  }
  const text = await answer.text();
  try {
    return toConfig(JSON.parse(text));
  } catch (error) {
    if (error instanceof ConfigInvalid) throw error;
    throw new ConfigInvalid(`config.json is not JSON: it begins with ${show(text)}`);
  }
}

export function toConfig(plain: unknown): PageConfig {
  const whole = object(plain, "the whole");
  if (whole.source === "laptop") return { source: "laptop" };
  if (whole.source !== "firestore") {
    throw wrong("source", whole.source, '"laptop" or "firestore"');
  }
  const firebase = object(whole.firebase, "firebase");
  const emulators = whole.emulators == null ? null : object(whole.emulators, "emulators");
  return {
    source: "firestore",
    firebase: {
      apiKey: text(firebase.apiKey, "firebase.apiKey"),
      authDomain: text(firebase.authDomain, "firebase.authDomain"),
      projectId: text(firebase.projectId, "firebase.projectId"),
      appId: text(firebase.appId, "firebase.appId"),
    },
    database: whole.database === undefined ? "(default)" : text(whole.database, "database"),
    api: address(whole.api),
    signIn: methods(whole.signIn),
    emulators: emulators && {
      firestore: text(emulators.firestore, "emulators.firestore"),
      auth: text(emulators.auth, "emulators.auth"),
    },
  };
}

function methods(found: unknown): SignInMethod[] {
  const legal = `a list of ${METHODS.map((one) => JSON.stringify(one)).join(", ")}`;
  if (!Array.isArray(found) || found.length === 0) throw wrong("signIn", found, legal);
  if (!found.every((one) => METHODS.includes(one))) throw wrong("signIn", found, legal);
  return found;
}

function address(found: unknown): string {
  const given = text(found, "api");
  if (!/^https?:\/\//.test(given)) throw wrong("api", found, "an address with https://");
  return given.replace(/\/+$/, "");
}

function object(found: unknown, name: string): Record<string, unknown> {
  if (typeof found !== "object" || found === null || Array.isArray(found)) {
    throw wrong(name, found, "an object");
  }
  return found as Record<string, unknown>;
}

function text(found: unknown, name: string): string {
  if (typeof found !== "string" || found === "") throw wrong(name, found, "a text");
  return found;
}

const wrong = (name: string, found: unknown, legal: string) =>
  new ConfigInvalid(`config.json, ${name}: found ${show(found)}, expected ${legal}`);

const show = (found: unknown) => (JSON.stringify(found) ?? "nothing").slice(0, 60);
