// Builds elements. Text goes in as text, never as HTML, so no file name can become markup.

/** `element("a", { href, class: "row", onclick }, "text", child)`; null children are left out. */
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value === true ? "" : String(value));
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return made;
}

/** A bar that is filled to `share` (0..1), for people with and without eyes for it. */
export function bar(share, ...marks) {
  const fill = element("div", { class: "fill" });
  fill.style.width = `${Math.max(0, Math.min(1, share)) * 100}%`;
  return element("div", { class: "track", "aria-hidden": "true" }, fill, ...marks);
}

export function facts(pairs) {
  const rows = pairs.filter(([, value]) => value !== null && value !== undefined && value !== "");
  return element(
    "dl",
    { class: "facts" },
    ...rows.flatMap(([term, value]) => [element("dt", {}, term), element("dd", {}, value)]),
  );
}

export function card(title, note, ...children) {
  return element(
    "section",
    { class: "card" },
    element("h2", {}, title, note ? element("small", {}, note) : null),
    ...children,
  );
}
