/** Values of frames, read by a worker and kept while there is room. */

import type { Plane } from "./plane";
import type { Answered } from "./values.worker";

/** Pixels that are kept: of 16 bits and as shown they take 6 bytes each. */
const KEPT_PIXELS = 16_000_000;

let worker: Worker | null = null;
let next = 0;
const waiting = new Map<number, (told: Answered) => void>();
/** By name of the content, the last used last. */
const kept = new Map<string, Promise<Plane>>();

/** Whether this content has been asked for before and is kept. */
export const isRead = (name: string): boolean => kept.has(name);

/** `name`: of the content, which never changes. Rejects with the reason. */
export function readValues(name: string, address: string): Promise<Plane> {
  const known = kept.get(name);
  if (known) {
    kept.delete(name);
    kept.set(name, known);
    return known;
  }
  const reading = ask(new URL(address, location.href).href);
  kept.set(name, reading);
  reading.then(makeRoom, () => kept.delete(name));
  return reading;
}

function ask(address: string): Promise<Plane> {
  worker ??= start();
  const id = next++;
  const told = new Promise<Answered>((resolve) => waiting.set(id, resolve));
  worker.postMessage({ id, address });
  return told.then((answered) => {
    if ("reason" in answered) throw new Error(answered.reason);
    return answered;
  });
}

function start(): Worker {
  const made = new Worker(new URL("./values.worker.ts", import.meta.url), { type: "module" });
  made.onmessage = ({ data }: MessageEvent<Answered>) => {
    waiting.get(data.id)?.(data);
    waiting.delete(data.id);
  };
  made.onerror = (event) => {
    const reason = event.message || "the worker could not be started";
    for (const [id, tell] of waiting) tell({ id, reason });
    waiting.clear();
    worker = null;
  };
  return made;
}

async function makeRoom(): Promise<void> {
  const sizes = await Promise.allSettled(kept.values());
  let pixels = sizes.reduce(
    (sum, one) => sum + (one.status === "fulfilled" ? one.value.levels.length : 0),
    0,
  );
  for (const [name, reading] of kept) {
    if (pixels <= KEPT_PIXELS || kept.size < 2) return;
    kept.delete(name);
    pixels -= (await reading.catch(() => null))?.levels.length ?? 0;
  }
}
