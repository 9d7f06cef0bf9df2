import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/entrance.css";
import { lazy, type ReactNode, StrictMode, Suspense } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app/App";
import { Misconfigured } from "./app/Misconfigured";
import { SessionProvider } from "./app/session";
import { startTheme } from "./app/theme";
import { startLanguage } from "./language/i18n";
import { chooseSource } from "./sources/choose";
import { ConfigInvalid } from "./sources/config";

const Entrance = lazy(() => import("./account/Entrance"));

const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no #root");
startTheme();
const [page] = await Promise.all([choosePage(), startLanguage()]);
createRoot(root).render(
  <StrictMode>
    <Suspense>{page}</Suspense>
  </StrictMode>,
);

async function choosePage(): Promise<ReactNode> {
  try {
    const opened = await chooseSource();
    if ("gate" in opened) return <Entrance gate={opened.gate} />;
    return (
      <SessionProvider source={opened.source}>
        <App />
      </SessionProvider>
    );
  } catch (error) {
    if (!(error instanceof ConfigInvalid)) throw error;
    return <Misconfigured reason={error.message} />;
  }
}
