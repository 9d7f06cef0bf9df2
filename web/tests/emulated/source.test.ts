/** The source in the cloud against the official emulators, with our rules.
 *
 * Started by tests/e2e/cloud_page/test_source_on_emulators.py, which makes the accounts and results
 * and says by variables where they are; skipped without it. */

import { initializeApp } from "firebase/app";
import { connectAuthEmulator, initializeAuth, inMemoryPersistence } from "firebase/auth";
import { beforeAll, describe, expect, test } from "vitest";
import type { Result } from "../../src/domain/result";
import { toConfig } from "../../src/sources/config";
import { FirebaseGate } from "../../src/sources/firestore/FirebaseGate";
import { openSource } from "../../src/sources/firestore/openSource";
import type { FeedbackRecord, ResultSource } from "../../src/sources/source";

const { DROPSIGHT_PAGE_CONFIG: given, DROPSIGHT_ACCOUNT: email = "" } = process.env;
const PASSWORD = "correct horse";
const MINE = "r".repeat(26);
const OTHERS = "s".repeat(26);

describe.skipIf(given === undefined)("signed in to one project", () => {
  let source: ResultSource;
  let gate: FirebaseGate;

  beforeAll(async () => {
    const config = toConfig(JSON.parse(given ?? ""));
    if (config.source !== "firestore" || !config.emulators) throw new Error("not the cloud's");
    const app = initializeApp(config.firebase);
    const auth = initializeAuth(app, { persistence: inMemoryPersistence });
    connectAuthEmulator(auth, config.emulators.auth, { disableWarnings: true });
    gate = new FirebaseGate(auth, config, async (account, token) =>
      openSource(app, config, account, token),
    );
    await gate.withPassword(email, PASSWORD);
    source = await new Promise((resolve) => {
      const look = () => {
        const standing = gate.standing();
        if (standing.state === "in") resolve(standing.source);
      };
      gate.subscribe(look);
      look();
    });
  });

  const one = (resultId: string) =>
    new Promise<Result | null>((resolve, reject) => {
      const end = source.followOne(
        resultId,
        (found) => {
          resolve(found);
          queueMicrotask(() => end());
        },
        reject,
      );
    });

  test("a result is the one that was stored, with what was left out filled in", async () => {
    const found = await one(MINE);
    expect(found).toMatchObject({
      resultId: MINE,
      status: "explained",
      source: { object: "cxr/a.dcm", generation: 1700000000000001 },
      timestamps: { queued: 1000.5 },
      findings: [{ label: "pneumonia", probability: 0.93, frame: 0, box: null }],
      study: { patientId: "p1", modality: null },
    });
  });

  test("a result of others cannot be told from one that is not there", async () => {
    expect(await one(OTHERS)).toBeNull();
    expect(await one("t".repeat(26))).toBeNull();
  });

  test("models come with the routes that this user may upload to", async () => {
    const [model, ...more] = await source.models();
    expect(more).toEqual([]);
    expect(model).toMatchObject({ name: "cxr", routes: ["cxr"], hasCard: true });
    expect(await source.card("cxr")).toContain("It knows nothing.");
  });

  test("feedback is kept, signed, in the order of the server's clock", async () => {
    const told: (readonly FeedbackRecord[])[] = [];
    const end = source.followFeedback(MINE, (all) => told.push(all));
    await source.giveFeedback(MINE, { verdict: "agree", comment: "", label: null });
    await source.giveFeedback(MINE, {
      verdict: "disagree",
      comment: "An old scar.",
      label: "pneumonia",
    });
    // One's own comes first with an estimate of its time, then with the server's.
    const times = () => told.at(-1)?.map((one) => one.createdAt) ?? [];
    await expect
      .poll(() => times().length === 2 && (times()[0] as number) < (times()[1] as number))
      .toBe(true);
    end();

    const [first, second] = told.at(-1) ?? [];
    expect(first).toMatchObject({ verdict: "agree", comment: "", label: null });
    expect(second).toMatchObject({ verdict: "disagree", comment: "An old scar." });
    expect(second?.author.name).toBe("Agnes");
  });

  test("feedback that the rules do not allow is refused", async () => {
    const said = { verdict: "agree", comment: "", label: null } as const;
    await expect(source.giveFeedback(OTHERS, said)).rejects.toThrow("PERMISSION_DENIED");
    const long = { ...said, comment: "x".repeat(2001) };
    await expect(source.giveFeedback(MINE, long)).rejects.toThrow("PERMISSION_DENIED");
    await expect(source.giveFeedback(MINE, { ...said, label: "cats" })).rejects.toThrow(
      "PERMISSION_DENIED",
    );
  });
});
