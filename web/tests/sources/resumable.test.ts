/** The protocol against a bucket that loses connections, pieces and sessions. */

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { CHUNK, Interrupted, sendResumably } from "../../src/sources/firestore/resumable";
import { Answer, type Sent } from "../../src/sources/firestore/send";
import { ConnectionLost, UploadRefused } from "../../src/sources/source";

/** Cloud Storage as far as one upload sees it. `faults`: what happens to the next requests. */
class Bucket {
  stored = 0;
  opened = 0;
  whole = false;
  ranges: string[] = [];
  faults: ("fine" | "lost before" | "lost after" | "half" | number)[] = [];

  readonly open = async () => {
    this.opened += 1;
    this.stored = 0;
    return `https://bucket/session-${this.opened}`;
  };

  readonly send = async (asked: Sent): Promise<Answer> => {
    asked.signal.throwIfAborted();
    const range = asked.headers["content-range"] ?? "";
    this.ranges.push(range);
    const fault = this.faults.shift() ?? "fine";
    if (fault === "lost before") throw new Interrupted("lost");
    if (typeof fault === "number") return new Answer(fault, () => null, "<Message>no</Message>");
    const [, first, total] = range.match(/^bytes (\*|\d+)(?:-\d+)?\/(\d+)$/) ?? [];
    if (first !== "*" && asked.body) {
      expect(Number(first)).toBe(this.stored);
      this.stored += fault === "half" ? asked.body.size / 2 : asked.body.size;
      asked.progress?.(asked.body.size);
    }
    this.whole = this.stored === Number(total);
    if (fault === "lost after") throw new Interrupted("lost");
    if (this.whole) return new Answer(200, () => null, "{}");
    const arrived = this.stored ? `bytes=0-${this.stored - 1}` : null;
    return new Answer(308, (name) => (name === "range" ? arrived : null), "");
  };
}

const SIZE = 2 * CHUNK + 1000;
let bucket: Bucket;
let shares: number[];
let stop: AbortController;

beforeEach(() => {
  vi.useFakeTimers();
  bucket = new Bucket();
  shares = [];
  stop = new AbortController();
  vi.stubGlobal("fetch", async () => new Response());
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

async function upload(size = SIZE): Promise<void> {
  const done = sendResumably(new Blob([new Uint8Array(size)]), {
    open: bucket.open,
    send: bucket.send,
    progress: (share) => shares.push(share),
    signal: stop.signal,
  });
  const settled = done.then(
    () => undefined,
    () => undefined,
  );
  await vi.advanceTimersByTimeAsync(20 * 60_000);
  await settled;
  return done;
}

test("a file goes in pieces that follow one another", async () => {
  await upload();
  expect(bucket.ranges).toEqual([
    `bytes 0-${CHUNK - 1}/${SIZE}`,
    `bytes ${CHUNK}-${2 * CHUNK - 1}/${SIZE}`,
    `bytes ${2 * CHUNK}-${SIZE - 1}/${SIZE}`,
  ]);
  expect(bucket.whole).toBe(true);
  expect(shares.at(-1)).toBe(1);
  expect(shares).toEqual([...shares].sort((a, b) => a - b));
});

test("an empty file is a file", async () => {
  await upload(0);
  expect(bucket.ranges).toEqual(["bytes */0"]);
  expect(shares.at(-1)).toBe(1);
});

test("after a lost connection the bucket is asked how far it came", async () => {
  bucket.faults = ["fine", "lost after"];
  await upload();
  expect(bucket.ranges.slice(1)).toEqual([
    `bytes ${CHUNK}-${2 * CHUNK - 1}/${SIZE}`, // arrived, but the answer did not
    `bytes */${SIZE}`,
    `bytes ${2 * CHUNK}-${SIZE - 1}/${SIZE}`,
  ]);
  expect(bucket.opened).toBe(1);
});

test("the last answer may be lost, too: the file is not sent twice", async () => {
  bucket.faults = ["fine", "fine", "lost after"];
  await upload();
  expect(bucket.ranges.at(-1)).toBe(`bytes */${SIZE}`);
  expect(bucket.whole).toBe(true);
});

test("the bucket may keep less of a piece than it was sent", async () => {
  bucket.faults = ["half"];
  await upload();
  expect(bucket.ranges[1]).toBe(`bytes ${CHUNK / 2}-${CHUNK + CHUNK / 2 - 1}/${SIZE}`);
  expect(bucket.whole).toBe(true);
});

test("an outage of some minutes is waited out", async () => {
  bucket.faults = ["fine", ...Array<"lost before">(10).fill("lost before"), 503, 429];
  await upload();
  expect(bucket.whole).toBe(true);
  expect(bucket.opened).toBe(1);
});

test("an outage without an end is told", async () => {
  bucket.faults = Array<"lost before">(1000).fill("lost before");
  await expect(upload()).rejects.toThrow(new ConnectionLost("lost"));
});

test("a session that the bucket has lost is begun anew, a few times", async () => {
  bucket.faults = ["fine", 410];
  await upload();
  expect([bucket.opened, bucket.whole]).toEqual([2, true]);

  bucket = new Bucket();
  bucket.faults = [404, 404, 404];
  await expect(upload()).rejects.toThrow("does not know the upload any more, 3 times on end");
});

test("a refusal is told in the bucket's words, at once", async () => {
  bucket.faults = [403];
  await expect(upload()).rejects.toThrow(new UploadRefused("the bucket answered 403: no"));
  expect(bucket.ranges).toHaveLength(1);
});

test("an upload that is stopped ends, and the bucket is told", async () => {
  const told: string[] = [];
  vi.stubGlobal("fetch", async (address: string, init: RequestInit) => {
    told.push(`${init.method} ${address}`);
    return new Response();
  });
  bucket.faults = Array<"lost before">(1000).fill("lost before");
  setTimeout(() => stop.abort(new DOMException("stopped", "AbortError")), 60_000);

  await expect(upload()).rejects.toThrow("stopped");
  expect(told).toEqual(["DELETE https://bucket/session-1"]);
});
