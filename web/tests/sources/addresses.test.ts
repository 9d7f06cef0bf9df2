import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Addresses } from "../../src/sources/firestore/Addresses";
import { Api } from "../../src/sources/firestore/Api";

let now = 0;
let asked: string[] = [];
let answers: (() => Response)[] = [];

const signed = (names: string[], lifetime = 900_000) =>
  Response.json({
    expiresAt: now + lifetime,
    addresses: Object.fromEntries(names.map((name) => [name, `https://b/${name}?at=${now}`])),
  });
const refused = (status: number, message: string) => () =>
  Response.json({ error: { code: "c", message, retryable: false, stage: "api" } }, { status });

beforeEach(() => {
  now = 1000;
  asked = [];
  answers = [];
  vi.useFakeTimers();
  vi.stubGlobal("fetch", async (address: string, init: RequestInit) => {
    const { authorization } = init.headers as Record<string, string>;
    asked.push(`${init.method} ${address} ${authorization}`);
    const next = answers.shift();
    if (next === undefined) throw new TypeError("Failed to fetch");
    return next();
  });
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

const made = () =>
  new Addresses(new Api("https://api", async (fresh) => (fresh ? "new" : "old")), () => now);

test("all pictures of a result are asked for once, as the user", async () => {
  answers = [() => signed(["display-0", "heatmap"])];
  const addresses = made();

  const both = await Promise.all([addresses.of("r1", "display-0"), addresses.of("r1", "heatmap")]);

  expect(both).toEqual(["https://b/display-0?at=1000", "https://b/heatmap?at=1000"]);
  expect(asked).toEqual(["GET https://api/v1/results/r1/addresses Bearer old"]);
});

test("an address is kept until a minute before it expires", async () => {
  answers = [() => signed(["display-0"]), () => signed(["display-0"])];
  const addresses = made();
  await addresses.of("r1", "display-0");

  now += 839_999;
  expect(await addresses.of("r1", "display-0")).toBe("https://b/display-0?at=1000");
  now += 1;
  expect(await addresses.of("r1", "display-0")).toBe("https://b/display-0?at=841000");
});

test("a picture that was written later is asked for, and one that is not there is an error", async () => {
  answers = [
    () => signed(["display-0"]),
    () => signed(["display-0", "heatmap"]),
    () => signed(["display-0", "heatmap"]),
  ];
  const addresses = made();
  await addresses.of("r1", "display-0");

  expect(await addresses.of("r1", "heatmap")).toBe("https://b/heatmap?at=1000");
  await expect(addresses.of("r1", "none")).rejects.toThrow("there is no artifact none");
});

test("a function that starts or does not answer is asked again", async () => {
  const lost = () => {
    throw new TypeError("Failed to fetch");
  };
  answers = [refused(503, "starting"), lost, () => signed(["display-0"])];
  const found = made().of("r1", "display-0");
  await vi.advanceTimersByTimeAsync(10_000);

  expect(await found).toBe("https://b/display-0?at=1000");
  expect(asked).toHaveLength(3);
});

test("a refusal is told in the server's words, at once", async () => {
  answers = [refused(404, "result r1: there is none")];
  await expect(made().of("r1", "display-0")).rejects.toThrow("result r1: there is none");
  expect(asked).toHaveLength(1);
});

test("a token that is refused is exchanged for a new one", async () => {
  answers = [refused(401, "the token has expired"), () => signed(["display-0"])];
  await made().of("r1", "display-0");
  expect(asked.map((one) => one.split(" ").at(-1))).toEqual(["old", "new"]);
});
