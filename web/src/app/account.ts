/** Where the bar shows who is signed in: filled where signing in is asked for, empty on a laptop. */

import { createContext, type ReactNode } from "react";

export const AccountSlot = createContext<ReactNode>(null);
