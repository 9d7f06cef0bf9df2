/** An image by its address. */

import { useEffect, useState } from "react";

/** The loaded image, null until it is there. */
export function useImage(address: string | null): HTMLImageElement | null {
  const [loaded, setLoaded] = useState<HTMLImageElement | null>(null);
  useEffect(() => {
    setLoaded(null);
    if (address === null) return;
    const image = new Image();
    image.crossOrigin = "anonymous";
    image.src = address;
    let ended = false;
    // Decoded beside the page's own thread; what cannot be decoded is not shown.
    image.decode().then(
      () => !ended && setLoaded(image),
      () => !ended && setLoaded(null),
    );
    return () => {
      ended = true;
    };
  }, [address]);
  return loaded;
}
