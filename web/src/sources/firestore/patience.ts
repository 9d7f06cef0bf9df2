/** Waiting for what was interrupted: longer each time, shorter when the network comes back. */

const FIRST_MS = 500;
const LONGEST_MS = 30_000;

/** How long to wait before try number `attempt`, counted from 1; never all clients at once. */
export const pauseOf = (attempt: number): number =>
  Math.min(LONGEST_MS, FIRST_MS * 2 ** (attempt - 1)) * (0.75 + Math.random() / 2);

/** Waits; ends early when the browser is online again. Rejects when `signal` is aborted. */
export function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (settle: () => void) => () => {
      clearTimeout(timer);
      globalThis.removeEventListener?.("online", go);
      signal?.removeEventListener("abort", stop);
      settle();
    };
    const go = end(resolve);
    const stop = end(() => reject(signal?.reason));
    const timer = setTimeout(go, milliseconds);
    globalThis.addEventListener?.("online", go);
    if (signal?.aborted) stop();
    else signal?.addEventListener("abort", stop);
  });
}
