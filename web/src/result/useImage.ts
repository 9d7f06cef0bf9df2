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
    image.onload = () => setLoaded(image);
    image.src = address;
    return () => {
      image.onload = null;
    };
  }, [address]);
  return loaded;
}
