/** The way into the cloud's page: signing in, or the page itself. */

import { useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";
import { App } from "../app/App";
import { AccountSlot } from "../app/account";
import { SessionProvider } from "../app/session";
import { AccountMenu } from "./AccountMenu";
import { Closed } from "./Closed";
import type { Gate } from "./gate";
import { SignIn } from "./SignIn";

export default function Entrance({ gate }: { gate: Gate }) {
  const { t } = useTranslation();
  const standing = useSyncExternalStore(gate.subscribe, gate.standing);
  switch (standing.state) {
    case "reading":
      return (
        <main className="entrance" aria-busy="true" aria-label={t("account.reading")}>
          {standing.refused && (
            <p role="status">
              {t(`account.reason.${standing.refused.reason}`, { code: standing.refused.code })}
            </p>
          )}
        </main>
      );
    case "out":
      return <SignIn gate={gate} refused={standing.refused ?? null} />;
    case "closed":
      return <Closed gate={gate} account={standing.account} />;
    case "in": {
      const { account, source } = standing;
      return (
        <AccountSlot value={<AccountMenu gate={gate} account={account} />}>
          <SessionProvider key={[account.uid, ...account.projects].join(" ")} source={source}>
            <App />
          </SessionProvider>
        </AccountSlot>
      );
    }
  }
}
