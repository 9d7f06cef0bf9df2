/** Names that are the same in every language. */

const METHODS: Record<string, string> = { "grad-cam": "Grad-CAM", lime: "LIME" };

export const methodName = (method: string): string => METHODS[method] ?? method;
