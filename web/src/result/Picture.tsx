/** A picture of the results bucket, whose address the source may have to sign. */

import { useEffect, useState } from "react";
import { useSession } from "../app/session";
import type { StoredPicture } from "../sources/source";

/** The address of an artifact, null until it is known. Rejects nothing: a lost one stays null. */
export function useAddress(
  resultId: string,
  artifact: StoredPicture | null | undefined,
): string | null {
  const { source } = useSession();
  const [address, setAddress] = useState<string | null>(null);
  const name = artifact?.name;
  const bucket = artifact?.bucket;
  const object = artifact?.object;
  useEffect(() => {
    let ended = false;
    setAddress(null);
    if (name === undefined || bucket === undefined || object === undefined) return;
    source.address(resultId, { name, bucket, object }).then(
      (found) => !ended && setAddress(found),
      () => !ended && setAddress(null),
    );
    return () => {
      ended = true;
    };
  }, [source, resultId, name, bucket, object]);
  return address;
}

interface Props {
  resultId: string;
  artifact: StoredPicture;
  className: string;
}

export function Picture({ resultId, artifact, className }: Props) {
  const address = useAddress(resultId, artifact);
  if (address === null) return <span className={className} />;
  return <img className={className} src={address} alt="" loading="lazy" decoding="async" />;
}
