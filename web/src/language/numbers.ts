/** Numbers in words. */

export const percent = (value: number): string =>
  value > 0 && value < 0.001 ? "< 0.1 %" : `${(value * 100).toFixed(value < 0.1 ? 1 : 0)} %`;

/** A value of a pixel: whole, or to five digits. */
export const quantity = (value: number): string =>
  Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(5)));

export function milliseconds(value: number): string {
  if (value >= 1000) return `${(value / 1000).toFixed(1)} s`;
  return value < 10 ? `${value.toFixed(1)} ms` : `${Math.round(value)} ms`;
}

export function bytes(value: number): string {
  const units = ["bytes", "KB", "MB", "GB"];
  let at = 0;
  let rest = value;
  while (rest >= 1000 && at < units.length - 1) {
    rest /= 1000;
    at += 1;
  }
  return `${at ? rest.toFixed(1) : rest} ${units[at]}`;
}

/** The time of a moment of today, the date of an earlier one. `seconds` since the epoch. */
export function clock(seconds: number, language: string): string {
  const moment = new Date(seconds * 1000);
  const today = moment.toDateString() === new Date().toDateString();
  return today
    ? moment.toLocaleTimeString(language, { timeStyle: "medium", hour12: false })
    : moment.toLocaleDateString(language, { day: "numeric", month: "short", year: "numeric" });
}

export const moment = (seconds: number, language: string): string =>
  new Date(seconds * 1000).toLocaleString(language, {
    dateStyle: "medium",
    timeStyle: "medium",
    hour12: false,
  });
