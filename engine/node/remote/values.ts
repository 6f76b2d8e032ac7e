import { AlliumError } from '../../codec/error.ts';

/** A JSON object from a stranger. */
export type JsonRecord = Readonly<Record<string, unknown>>;

export function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What is thrown at a value of the wrong kind. */
export function wrongValue(name: string, wanted: string): AlliumError {
  return new AlliumError('BAD_USAGE', `the value of ${name} is wrong`, { advice: `Give ${wanted}.` });
}

/** The readers below give undefined when the key is absent, and throw BAD_USAGE when its value is of another kind. */
export function numberIn(record: JsonRecord, key: string): number | undefined {
  const value = record[key];
  if (value === undefined) return undefined;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw wrongValue(key, 'a number');
}

/** A whole number from `min` to `max`. */
export function wholeIn(record: JsonRecord, key: string, min: number, max: number): number | undefined {
  const value = numberIn(record, key);
  if (value === undefined || (Number.isInteger(value) && value >= min && value <= max)) return value;
  throw wrongValue(key, `a whole number from ${min} to ${max}`);
}

export function textIn(record: JsonRecord, key: string): string | undefined {
  const value = record[key];
  if (value === undefined || typeof value === 'string') return value;
  throw wrongValue(key, 'text');
}

/** Numbers are taken too: other programs write truth as 0 and 1. */
export function truthIn(record: JsonRecord, key: string): boolean | undefined {
  const value = record[key];
  if (value === undefined || typeof value === 'boolean') return value;
  if (value === 0 || value === 1) return value === 1;
  throw wrongValue(key, 'true or false');
}

export function textsIn(record: JsonRecord, key: string): readonly string[] | undefined {
  const value = record[key];
  if (value === undefined) return undefined;
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
  throw wrongValue(key, 'a list of texts');
}

/** A list of whole numbers from 0 on. */
export function indexesIn(record: JsonRecord, key: string): readonly number[] | undefined {
  const value = record[key];
  if (value === undefined) return undefined;
  if (Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0)) return value;
  throw wrongValue(key, 'a list of numbers from 0 on');
}

/** Standard or URL-safe base64, white space allowed; undefined for anything else. */
export function bytesOfBase64(text: string): Uint8Array | undefined {
  const plain = text.replaceAll(/\s/g, '');
  if (plain === '' || !/^[\w+/-]+={0,2}$/.test(plain)) return undefined;
  return Buffer.from(plain, 'base64');
}

/** Message and advice in one. */
export function sentenceOf(error: unknown): string {
  if (!(error instanceof AlliumError)) return error instanceof Error ? error.message : String(error);
  return error.advice === '' ? error.message : `${error.message}. ${error.advice}`;
}
