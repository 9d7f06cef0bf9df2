/** One result, followed for as long as it is shown. */

import { useEffect, useState } from "react";
import { useSession } from "../app/session";
import type { Result } from "../domain/result";

export type Followed =
  | { state: "reading" }
  | { state: "missing" }
  | { state: "unreadable"; reason: string }
  | { state: "there"; result: Result };

/**
 * Findings are written once: what follows from them (ranks, masks that are painted) is kept while
 * the rest of the document changes.
 */
function settled(before: Followed, result: Result): Result {
  const known = before.state === "there" ? before.result.findings : [];
  return known.length > 0 && known.length === result.findings.length
    ? { ...result, findings: known }
    : result;
}

export function useResult(resultId: string | null): Followed {
  const { source } = useSession();
  const [followed, setFollowed] = useState<Followed>({ state: "reading" });
  useEffect(() => {
    if (resultId === null) return;
    return source.followOne(
      resultId,
      (result) =>
        setFollowed((before) =>
          result ? { state: "there", result: settled(before, result) } : { state: "missing" },
        ),
      (error) =>
        // What is on the screen stays there while the server is away.
        setFollowed((before) =>
          before.state === "there" ? before : { state: "unreadable", reason: error.message },
        ),
    );
  }, [source, resultId]);
  return followed;
}
