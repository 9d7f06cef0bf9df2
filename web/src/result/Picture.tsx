/** A picture of the results bucket, whose address the source may have to sign. */

import { useEffect, useState } from "react";
import { useSession } from "../app/session";

export interface Place {
  bucket: string;
  object: string;
}

/** The address of an artifact, null until it is known. Rejects nothing: a lost one stays null. */
export function useAddress(artifact: Place | null | undefined): string | null {
  const { source } = useSession();
  const [address, setAddress] = useState<string | null>(null);
  const bucket = artifact?.bucket;
  const object = artifact?.object;
  useEffect(() => {
    let ended = false;
    setAddress(null);
    if (bucket === undefined || object === undefined) return;
    source.address({ bucket, object }).then(
      (found) => !ended && setAddress(found),
      () => !ended && setAddress(null),
    );
    return () => {
      ended = true;
    };
  }, [source, bucket, object]);
  return address;
}

export function Picture({ artifact, className }: { artifact: Place; className: string }) {
  const address = useAddress(artifact);
  if (address === null) return <span className={className} />;
  return <img className={className} src={address} alt="" loading="lazy" decoding="async" />;
}
