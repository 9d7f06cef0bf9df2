/** Which result the address names: `#/r/<result id>`. A link to it can be sent to others. */

import { useSyncExternalStore } from "react";

const subscribe = (listener: () => void) => {
  addEventListener("hashchange", listener);
  return () => removeEventListener("hashchange", listener);
};

const read = () => location.hash.match(/^#\/r\/([a-z2-7]{26})$/)?.[1] ?? null;

export const useChosen = (): string | null => useSyncExternalStore(subscribe, read);

export const addressOf = (resultId: string): string => `#/r/${resultId}`;

export function choose(resultId: string | null): void {
  location.hash = resultId === null ? "#/" : addressOf(resultId);
}
