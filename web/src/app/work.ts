/**
 * What the page does, in the browser's own timeline (User Timing): its profiler shows the marks,
 * and tests count them. They are not kept: only who observes sees them.
 */

type Work = "suppress" | "paint" | "render";

export function mark(work: Work, detail: string | number | null = null): void {
  const name = `dropsight.${work}`;
  performance.mark(name, { detail });
  performance.clearMarks(name);
}
