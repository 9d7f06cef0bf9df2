/** Which source this page reads. What the cloud takes is loaded only where it is needed. */

import type { Gate } from "../account/gate";
import { readConfig } from "./config";
import { LaptopSource } from "./laptop";
import type { ResultSource } from "./source";

/** The laptop's server asks nobody who they are; the cloud does, before there is a source. */
export type Opened = { source: ResultSource } | { gate: Gate };

/** Rejects with ConfigInvalid. */
export async function chooseSource(): Promise<Opened> {
  const config = await readConfig();
  if (config.source === "laptop") return { source: new LaptopSource() };
  const { openGate } = await import("./firestore/openGate");
  return { gate: openGate(config) };
}
