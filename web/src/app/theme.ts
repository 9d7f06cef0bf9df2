/** Light, dark, or as the system has it; kept in the browser. */

const KEPT = "dropsight.theme";
export const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

export function theme(): Theme {
  const kept = localStorage.getItem(KEPT) as Theme | null;
  return kept && THEMES.includes(kept) ? kept : "system";
}

export function setTheme(wanted: Theme): void {
  localStorage.setItem(KEPT, wanted);
  startTheme();
}

export function startTheme(): void {
  const chosen = theme();
  if (chosen === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = chosen;
}
