/** Signing in, by the ways that config.json names. */

import { type FormEvent, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { EntranceCard } from "./EntranceCard";
import { type Gate, SignInRefused } from "./gate";

type Told = { kind: "refused"; refused: SignInRefused } | { kind: "sent" } | null;

export function SignIn({ gate, refused }: { gate: Gate; refused: SignInRefused | null }) {
  const { t, i18n } = useTranslation();
  const address = useRef<HTMLInputElement>(null);
  const [email, setEmail] = useState("");
  const [busy, setBusy] = useState(false);
  const [told, setTold] = useState<Told>(refused && { kind: "refused", refused });
  const attempt = async (asked: () => Promise<void>, done: Told = null) => {
    setBusy(true);
    setTold(null);
    try {
      await asked();
      setTold(done);
    } catch (error) {
      if (!(error instanceof SignInRefused)) throw error;
      // Who closed the window knows why.
      setTold(error.reason === "closed" ? null : { kind: "refused", refused: error });
    } finally {
      setBusy(false);
    }
  };
  const enter = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const password = String(new FormData(event.currentTarget).get("password"));
    void attempt(() => gate.withPassword(email, password));
  };
  const withPassword = gate.methods.includes("password");
  return (
    <EntranceCard title={t("account.title")}>
      <div role="alert">{told?.kind === "refused" && <Refusal refused={told.refused} />}</div>
      <div role="status">{told?.kind === "sent" && <p>{t("account.sent", { email })}</p>}</div>
      {withPassword && (
        <form onSubmit={enter} className="entrance-form" aria-busy={busy}>
          <label>
            {t("account.email")}
            <input
              ref={address}
              type="email"
              name="email"
              autoComplete="username"
              required
              value={email}
              onChange={(event) => setEmail(event.target.value)}
            />
          </label>
          <label>
            {t("account.password")}
            <input type="password" name="password" autoComplete="current-password" required />
          </label>
          <button type="submit" className="primary" disabled={busy}>
            {t("account.enter")}
          </button>
          <button
            type="button"
            className="link"
            disabled={busy}
            onClick={() => {
              if (!address.current?.reportValidity()) return; // the browser says what is missing
              void attempt(() => gate.forgotten(email, i18n.language), { kind: "sent" });
            }}
          >
            {t("account.forgotten")}
          </button>
        </form>
      )}
      {gate.methods.includes("google.com") && (
        <button
          type="button"
          className={withPassword ? "" : "primary"}
          disabled={busy}
          onClick={() => attempt(() => gate.withGoogle())}
        >
          {t("account.google")}
        </button>
      )}
    </EntranceCard>
  );
}

function Refusal({ refused }: { refused: SignInRefused }) {
  const { t } = useTranslation();
  return <p className="bad">{t(`account.reason.${refused.reason}`, { code: refused.code })}</p>;
}
