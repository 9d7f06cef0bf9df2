/** The model's card, in a dialog. */

import { Dialog } from "radix-ui";
import { lazy, Suspense, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { useSession } from "../app/session";

const Markdown = lazy(() => import("./Markdown"));

export function ModelCard({ model, close }: { model: string; close: () => void }) {
  const { t } = useTranslation();
  const { source } = useSession();
  const [text, setText] = useState<string | null>(null);
  useEffect(() => {
    let ended = false;
    source.card(model).then(
      (found) => !ended && setText(found),
      (error: Error) => !ended && setText(error.message),
    );
    return () => {
      ended = true;
    };
  }, [source, model]);
  return (
    <Dialog.Root open onOpenChange={(open) => open || close()}>
      <Dialog.Portal>
        <Dialog.Overlay className="veil" />
        <Dialog.Content className="dialog" aria-describedby={undefined}>
          <Dialog.Title>{t("about.card")}</Dialog.Title>
          <Dialog.Close className="close">{t("about.close")}</Dialog.Close>
          <div className="card-text">
            <Suspense fallback={null}>{text !== null && <Markdown text={text} />}</Suspense>
          </div>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
