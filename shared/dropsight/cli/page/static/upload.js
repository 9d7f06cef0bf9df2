// Files that are dropped on the page, or picked, go into the landing bucket.

import { element } from "./dom.js";

const IN_FLIGHT = 3;

export function setUpUpload(models) {
  const route = document.getElementById("route");
  const routes = models.flatMap((model) => model.routes);
  route.replaceChildren(...[...new Set(routes)].sort((a, b) => a.length - b.length)
    .map((name) => element("option", { value: name }, `${name}/`)));
  route.append(element("option", { value: "" }, "by its content"));

  const files = document.getElementById("files");
  files.addEventListener("change", () => {
    send([...files.files], route.value);
    files.value = "";
  });
  const zone = document.getElementById("dropzone");
  const carriesFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  let depth = 0;
  addEventListener("dragenter", (event) => {
    if (!carriesFiles(event)) return;
    depth += 1;
    document.getElementById("dropzone-route").textContent = `goes to ${route.selectedOptions[0].textContent}`;
    zone.hidden = false;
  });
  addEventListener("dragleave", () => {
    depth = Math.max(0, depth - 1);
    zone.hidden = depth === 0;
  });
  addEventListener("dragover", (event) => carriesFiles(event) && event.preventDefault());
  addEventListener("drop", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    depth = 0;
    zone.hidden = true;
    send([...event.dataTransfer.files], route.value);
  });
}

async function send(files, route) {
  const note = toast(`Uploading ${count(files.length)}`);
  const waiting = [...files];
  const refused = [];
  const work = async () => {
    for (let file = waiting.shift(); file; file = waiting.shift()) {
      const reason = await post(file, route);
      if (reason) refused.push(`${file.name}: ${reason}`);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, work));
  note.remove();
  for (const sentence of refused) toast(sentence, "bad", 12000);
  const done = files.length - refused.length;
  if (done) toast(`${count(done)} in the bucket`, "", 3000);
}

/** The reason why it was refused, or null. */
async function post(file, route) {
  const query = new URLSearchParams({ name: file.name, route });
  try {
    const answer = await fetch(`api/upload?${query}`, { method: "POST", body: file });
    return answer.ok ? null : await answer.text();
  } catch (error) {
    return `not sent (${error.message})`;
  }
}

const count = (files) => (files === 1 ? "1 file" : `${files} files`);

function toast(text, kind = "", life = 0) {
  const made = element("div", { class: `toast ${kind}` }, text);
  document.getElementById("toasts").append(made);
  if (life) setTimeout(() => made.remove(), life);
  return made;
}
