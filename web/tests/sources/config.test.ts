import { expect, test } from "vitest";
import { ConfigInvalid, toConfig } from "../../src/sources/config";

const cloud = {
  source: "firestore",
  firebase: { apiKey: "k", authDomain: "p.firebaseapp.com", projectId: "p", appId: "a" },
  api: "https://api.example.org/",
  signIn: ["google.com", "password"],
};

test("a laptop needs nothing but its name", () => {
  expect(toConfig({ source: "laptop", more: 1 })).toEqual({ source: "laptop" });
});

test("the cloud's has defaults, and an address without a slash at its end", () => {
  expect(toConfig(cloud)).toEqual({
    ...cloud,
    database: "(default)",
    api: "https://api.example.org",
    emulators: null,
  });
});

test.each([
  [[], "config.json, the whole: found [], expected an object"],
  [{ source: "moon" }, 'config.json, source: found "moon", expected "laptop" or "firestore"'],
  [{ source: "firestore" }, "config.json, firebase: found nothing, expected an object"],
  [
    { ...cloud, firebase: { ...cloud.firebase, projectId: "" } },
    'config.json, firebase.projectId: found "", expected a text',
  ],
  [{ ...cloud, api: "api" }, 'config.json, api: found "api", expected an address with https://'],
  [
    { ...cloud, signIn: [] },
    'config.json, signIn: found [], expected a list of "google.com", "password"',
  ],
  [
    { ...cloud, signIn: ["sms"] },
    'config.json, signIn: found ["sms"], expected a list of "google.com", "password"',
  ],
  [
    { ...cloud, emulators: { auth: "http://127.0.0.1:9" } },
    "config.json, emulators.firestore: found nothing, expected a text",
  ],
])("%j is refused with a sentence", (plain, sentence) => {
  expect(() => toConfig(plain)).toThrow(new ConfigInvalid(sentence));
});
