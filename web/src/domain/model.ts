/** What a client has to know of a model: labels, colours, routes, licence. */

import { colorsOf } from "./colors";
import type * as wire from "./generated/model";

export interface Model {
  name: string;
  version: string;
  task: wire.Manifest["task"];
  multiLabel: boolean;
  labels: wire.Label[];
  /** `#rrggbb` by label id. */
  colors: Map<string, string>;
  /** First path segments that lead to it. */
  routes: string[];
  licence: string;
  intendedUse: string;
  hasCard: boolean;
  /** Explanations that can be asked for, of a label or of an object. */
  methods: readonly Method[];
}

export const METHODS = ["grad-cam", "lime"] as const;
export type Method = (typeof METHODS)[number];

export interface WireModel extends wire.Manifest {
  routes?: string[];
  card?: boolean;
}

export function toModel(plain: WireModel): Model {
  return {
    name: plain.name,
    version: plain.version,
    task: plain.task,
    multiLabel: plain.multiLabel ?? false,
    labels: plain.labels,
    colors: colorsOf(plain.labels),
    routes: plain.routes ?? [plain.name],
    licence: plain.licence,
    intendedUse: plain.intendedUse,
    hasCard: plain.card ?? false,
    methods: methodsOf(plain),
  };
}

/** As `Manifest.has_gradients` and `has_grad_cam`; what is not possible is refused all the same. */
function methodsOf({ task, runtime, artifact, outputs }: wire.Manifest): readonly Method[] {
  if (task === "module") return [];
  const hasLayers = /\.(keras|h5)$/.test(artifact.path) || artifact.path.includes(":/");
  const hasGradients = runtime === "torch" || (runtime === "tensorflow" && hasLayers);
  const hasActivations = task === "classification" && Boolean(outputs?.activations);
  return METHODS.filter((one) => one !== "grad-cam" || hasGradients || hasActivations);
}

/** A label's display name in `language`, else in English, else its id. */
export function labelName(model: Model | undefined, id: string, language: string): string {
  const name = model?.labels.find((one) => one.id === id)?.name;
  return name?.[language] ?? name?.en ?? id;
}
