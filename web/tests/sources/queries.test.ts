/** Each query of the page has its index: emulators need none, so nothing else would tell. */

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import {
  CHANGES,
  HISTORY,
  historyQuery,
  MOST_PROJECTS,
  type Shape,
} from "../../src/sources/firestore/queries";

interface Index {
  collectionGroup: string;
  queryScope: string;
  fields: { fieldPath: string; order?: string }[];
}

const file = new URL("../../../firestore/firestore.indexes.json", import.meta.url);
const { indexes } = JSON.parse(readFileSync(file, "utf8")) as { indexes: Index[] };

test.each([HISTORY, CHANGES])("$field in order of $order has its index", (shape: Shape) => {
  expect(indexes).toContainEqual({
    collectionGroup: "results",
    queryScope: "COLLECTION",
    fields: [
      { fieldPath: shape.field, order: "ASCENDING" },
      { fieldPath: shape.order, order: shape.direction },
    ],
  });
});

test("a page of history begins behind the last row of the page before", () => {
  const place = { arrivedAt: { doubleValue: 2 }, name: "projects/p/…/results/r1" };
  const asked = historyQuery(["chest"], 200, place);
  expect(asked.startAt).toEqual({
    values: [{ doubleValue: 2 }, { referenceValue: place.name }],
    before: false,
  });
  expect(historyQuery(["chest"], 200, null)).not.toHaveProperty("startAt");
  expect(asked.orderBy.map((one) => one.direction)).toEqual(["DESCENDING", "DESCENDING"]);
  expect(MOST_PROJECTS).toBe(30);
});
