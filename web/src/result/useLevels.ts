/** The pixels of a frame: its 8-bit picture at once, its values as soon as they have come. */

import { useEffect, useMemo, useState } from "react";
import { useSession } from "../app/session";
import { artifactNamed, type Result } from "../domain/result";
import { type Meaning, storedValues } from "../domain/window";
import type { StoredPicture } from "../sources/source";
import { ByteLevels } from "./byteLevels";
import type { Levels } from "./levels";
import { useAddress } from "./Picture";
import type { Plane } from "./plane";
import { useImage } from "./useImage";
import { ValueLevels } from "./valueLevels";
import { isRead, readValues } from "./valueReader";

/** So long a frame is shown before its values are fetched: the slider passes many. */
const REST_MS = 150;

export interface Pixels {
  /** Null until the picture is there. */
  levels: Levels | null;
  /** What the values mean; null where there are none beside the picture. */
  meaning: Meaning | null;
  state: "none" | "coming" | "there" | "lost";
  /** Why they are lost. */
  reason: string | null;
}

export function useLevels(result: Result, frame: number): Pixels {
  const image = useImage(useAddress(result.resultId, artifactNamed(result, `display-${frame}`)));
  // The document is another object after each change, the name of the content stays the same.
  const name = artifactNamed(result, `pixels-${frame}`)?.object;
  // biome-ignore lint/correctness/useExhaustiveDependencies: `name` says it all
  const stored = useMemo(() => storedValues(result, frame), [name]);
  const { read, reason } = useValues(result.resultId, stored?.artifact ?? null);
  const meaning = stored?.meaning ?? null;
  const bytes = useMemo(() => (image ? new ByteLevels(image, meaning) : null), [image, meaning]);
  const values = useMemo(
    () => (read && meaning ? new ValueLevels(read, meaning) : null),
    [read, meaning],
  );
  const levels = useMemo(() => (values ? unmoved(values, bytes) : bytes), [values, bytes]);
  const state = !stored ? "none" : values ? "there" : reason === null ? "coming" : "lost";
  return { levels, meaning, state, reason };
}

/**
 * Until somebody moves the window the picture is drawn as it comes: that costs nothing, and is right
 * also where the file has a lookup table in the place of a window.
 */
function unmoved(values: Levels, bytes: Levels | null): Levels {
  return {
    at: (window, inverted, scale) =>
      (window === null && bytes ? bytes : values).at(window, inverted, scale),
    valueAt: (x, y) => values.valueAt(x, y),
    range: values.range,
  };
}

function useValues(
  resultId: string,
  artifact: StoredPicture | null,
): {
  read: Plane | null;
  reason: string | null;
} {
  const { source } = useSession();
  const [come, setCome] = useState<{ name: string; read: Plane | null; reason: string | null }>();
  const name = artifact?.name;
  const bucket = artifact?.bucket;
  const object = artifact?.object;
  useEffect(() => {
    if (name === undefined || bucket === undefined || object === undefined) return;
    let ended = false;
    const fetching = async () => {
      try {
        const address = await source.address(resultId, { name, bucket, object });
        const read = await readValues(object, address);
        if (!ended) setCome({ name: object, read, reason: null });
      } catch (error) {
        if (!ended) setCome({ name: object, read: null, reason: (error as Error).message });
      }
    };
    const rest = setTimeout(() => void fetching(), isRead(object) ? 0 : REST_MS);
    return () => {
      ended = true;
      clearTimeout(rest);
    };
  }, [source, resultId, name, bucket, object]);
  return come && come.name === object ? come : { read: null, reason: null };
}
