/** Who is signed in, and the way out. */

import { Popover } from "radix-ui";
import { useTranslation } from "react-i18next";
import type { Account, Gate } from "./gate";

/** The page is loaded anew: pictures and results that were looked at are in its memory. */
async function leave(gate: Gate): Promise<void> {
  await gate.leave();
  history.replaceState(null, "", location.pathname);
  location.reload();
}

export function AccountMenu({ gate, account }: { gate: Gate; account: Account }) {
  const { t } = useTranslation();
  const label = t("account.of", { name: account.name });
  const initial = [...(account.name || "?")][0]?.toUpperCase();
  return (
    <Popover.Root>
      <Popover.Trigger className="account" aria-label={label}>
        {initial}
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content
          className="account-card"
          aria-label={label}
          align="end"
          sideOffset={6}
          collisionPadding={8}
        >
          <p className="account-name">{account.name}</p>
          {account.email !== account.name && <p className="soft">{account.email}</p>}
          <p className="soft">
            {t("account.projects", { count: account.projects.length })}
            {": "}
            {account.projects.join(", ")}
          </p>
          <button type="button" onClick={() => void leave(gate)}>
            {t("account.leave")}
          </button>
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}
