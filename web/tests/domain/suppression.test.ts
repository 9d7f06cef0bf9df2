import { describe, expect, it } from "vitest";
import vectors from "../../../tests/vectors/nms.json";
import type { Finding as WireFinding } from "../../src/domain/generated/result";
import { toFinding } from "../../src/domain/result";
import { Candidates, type Confidence } from "../../src/domain/suppression";

describe("non-maximum suppression agrees with the server", () => {
  for (const one of vectors.cases) {
    it(one.name, () => {
      const findings = one.findings.map((finding) =>
        toFinding({ probability: 0, ...finding } as WireFinding),
      );
      const candidates = new Candidates(findings);
      for (const answer of one.answers) {
        const asked: unknown = answer.confidence;
        const confidence: Confidence =
          typeof asked === "object" && asked !== null
            ? new Map(Object.entries(asked as Record<string, number>))
            : (asked as number | null);
        expect(candidates.shown(confidence, answer.iou)).toEqual(answer.shown);
      }
    });
  }
});
