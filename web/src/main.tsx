import "./styles/tokens.css";
import "./styles/base.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app/App";
import { SessionProvider } from "./app/session";
import { startTheme } from "./app/theme";
import { startLanguage } from "./language/i18n";
import { chooseSource } from "./sources/choose";

const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no #root");
startTheme();
const [source] = await Promise.all([chooseSource(), startLanguage()]);
createRoot(root).render(
  <StrictMode>
    <SessionProvider source={source}>
      <App />
    </SessionProvider>
  </StrictMode>,
);
