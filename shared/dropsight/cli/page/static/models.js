// What the page knows of the models: names of labels, routes, cards.

let known = [];

export async function loadModels() {
  known = await (await fetch("api/models")).json();
  return known;
}

export const modelNamed = (name) => known.find((model) => model.name === name);

export function label(model, id) {
  const found = modelNamed(model)?.labels.find((one) => one.id === id);
  return found?.name.en ?? id;
}
