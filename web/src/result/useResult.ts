/** One result, followed for as long as it is shown. */

import { useEffect, useState } from "react";
import { useSession } from "../app/session";
import type { Result } from "../domain/result";

export type Followed =
  | { state: "reading" }
  | { state: "missing" }
  | { state: "unreadable"; reason: string }
  | { state: "there"; result: Result };

export function useResult(resultId: string | null): Followed {
  const { source } = useSession();
  const [followed, setFollowed] = useState<Followed>({ state: "reading" });
  useEffect(() => {
    if (resultId === null) return;
    return source.followOne(
      resultId,
      (result) => setFollowed(result ? { state: "there", result } : { state: "missing" }),
      (error) =>
        // What is on the screen stays there while the server is away.
        setFollowed((before) =>
          before.state === "there" ? before : { state: "unreadable", reason: error.message },
        ),
    );
  }, [source, resultId]);
  return followed;
}
