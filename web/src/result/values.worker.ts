/** Reads a 16-bit PNG beside the page's own thread: a film takes a tenth of a second. */

import { decode } from "fast-png";

export interface Asked {
  id: number;
  address: string;
}

export type Answered =
  | { id: number; width: number; height: number; levels: Uint16Array }
  | { id: number; reason: string };

const answer = (told: Answered, transferred: Transferable[] = []) =>
  postMessage(told, { transfer: transferred });

self.onmessage = async ({ data }: MessageEvent<Asked>) => {
  const { id, address } = data;
  try {
    const response = await fetch(address);
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    const { width, height, depth, channels, data: levels } = decode(await response.arrayBuffer());
    if (depth !== 16 || channels !== 1 || !(levels instanceof Uint16Array)) {
      throw new Error(`expected greyscale of 16 bits, found ${channels} channels of ${depth}`);
    }
    answer({ id, width, height, levels }, [levels.buffer]);
  } catch (error) {
    answer({ id, reason: (error as Error).message });
  }
};
