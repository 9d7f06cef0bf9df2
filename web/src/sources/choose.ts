/** Which source this page reads. */

import { LaptopSource } from "./laptop";
import type { ResultSource } from "./source";

export async function chooseSource(): Promise<ResultSource> {
  return new LaptopSource();
}
