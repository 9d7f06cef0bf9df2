import { expect, test } from "vitest";
import { toRow } from "../../src/sources/firestore/listEntry";
import { fromFields } from "../../src/sources/firestore/values";

test("typed values become plain ones", () => {
  expect(
    fromFields({
      text: { stringValue: "a" },
      whole: { integerValue: "1700000000000001" },
      half: { doubleValue: 0.5 },
      yes: { booleanValue: true },
      nothing: { nullValue: null },
      at: { timestampValue: "1970-01-01T00:00:01.500Z" },
      map: { mapValue: { fields: { list: { arrayValue: { values: [{ integerValue: "2" }] } } } } },
      empty: { mapValue: {} },
      none: { arrayValue: {} },
    }),
  ).toEqual({
    text: "a",
    whole: 1700000000000001,
    half: 0.5,
    yes: true,
    nothing: null,
    at: 1500,
    map: { list: [2] },
    empty: {},
    none: [],
  });
});

const entry = {
  object: "cxr/a.dcm",
  format: "dicom",
  model: "cxr",
  found: [{ label: "pneumonia", probability: 0.9 }],
  errorCode: null,
  display: { name: "display-0", bucket: "results", object: "r1/display-0-1.png" },
};

test("a row is what the list entry says", () => {
  expect(toRow("r1", { status: "explained", arrivedAt: 2, listEntry: entry, later: 1 })).toEqual({
    resultId: "r1",
    status: "explained",
    arrivedAt: 2,
    ...entry,
  });
});

test("a deleted result is no row", () => {
  expect(toRow("r1", { status: "deleted" })).toBeNull();
  expect(toRow("r1", { status: "deleting", arrivedAt: 2, listEntry: entry })).toBeNull();
});
