/** Firestore's typed values, as its REST API has them.
 * https://firebase.google.com/docs/firestore/reference/rest/v1/Value */

export type Value = Record<string, unknown>;
export type Fields = Record<string, Value>;

/** {"frames": {"integerValue": "2"}} -> {frames: 2}; times become milliseconds since the epoch. */
export const fromFields = (fields: Fields): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, fromValue(value)]));

function fromValue(value: Value): unknown {
  const [[kind, content] = ["", null]] = Object.entries(value);
  switch (kind) {
    case "integerValue":
    case "doubleValue":
      return Number(content);
    case "timestampValue":
      return Date.parse(content as string);
    case "mapValue":
      return fromFields((content as { fields?: Fields }).fields ?? {});
    case "arrayValue":
      return ((content as { values?: Value[] }).values ?? []).map(fromValue);
    default:
      return content;
  }
}
