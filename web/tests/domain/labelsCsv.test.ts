import { expect, it } from "vitest";
import { labelsToCsv } from "../../src/domain/csv";
import { toResult } from "../../src/domain/result";

const result = toResult({
  resultId: "r",
  status: "explained",
  source: { bucket: "b", object: "cxr/=film.dcm", generation: 1 },
  findings: [
    { label: "viral", probability: 0.75, threshold: 0.5, positive: true },
    { label: "bacterial", probability: 0.2, threshold: 0.5, positive: false },
  ],
});

it("writes every label with its operating point", () => {
  expect(labelsToCsv(result, new Map())).toBe(
    "file,frame,label,probability,threshold,positive\r\n" +
      "cxr/=film.dcm,0,viral,0.75,0.5,true\r\n" +
      "cxr/=film.dcm,0,bacterial,0.2,0.5,false\r\n",
  );
});

it("an operating point that was moved decides anew", () => {
  const lines = labelsToCsv(result, new Map([["viral", 0.8]])).split("\r\n");
  expect(lines[1]).toBe("cxr/=film.dcm,0,viral,0.75,0.8,false");
});
