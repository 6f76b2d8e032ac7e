import { randomBytes, randomInt, scrypt, timingSafeEqual } from 'node:crypto';
import * as v from 'valibot';

const SALT_BYTES = 16;
const KEY_BYTES = 32;
/** 32 MiB and some tens of milliseconds for each try. */
const COST = { N: 32_768, r: 8, p: 1, maxmem: 64 * 1024 * 1024 } as const;
/** No look-alikes: it is read from a screen. */
const ALPHABET = 'abcdefghijkmnpqrstuvwxyz23456789';
const MADE_LENGTH = 20;

/** Longer ones are refused before they are hashed. */
export const PASSWORD_BYTES_MAX = 1_024;

const schema = v.strictObject({
  user: v.string(),
  salt: v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/)),
  scrypt: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
});

/** A user with the scrypt hash of the password, as it is stored: hexadecimal. */
export type Credential = v.InferOutput<typeof schema>;

export async function makeCredential(user: string, password: string): Promise<Credential> {
  const salt = randomBytes(SALT_BYTES);
  const key = await derive(password, salt);
  return { user, salt: salt.toString('hex'), scrypt: key.toString('hex') };
}

/** Takes the same time whatever is wrong. */
export async function isRight(credential: Credential, user: string, password: string): Promise<boolean> {
  const key = await derive(password, Buffer.from(credential.salt, 'hex'));
  const sameKey = timingSafeEqual(key, Buffer.from(credential.scrypt, 'hex'));
  return isSameText(user, credential.user) && sameKey;
}

/** Compares without telling by the time how much of it is the same. */
export function isSameText(a: string, b: string): boolean {
  const [x, y] = [Buffer.from(a), Buffer.from(b)];
  if (x.length === y.length) return timingSafeEqual(x, y);
  timingSafeEqual(x, x);
  return false;
}

/** A password of 100 bits. */
export function madePassword(): string {
  return Array.from({ length: MADE_LENGTH }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');
}

/** Undefined when it is not of this form. */
export function parseCredential(text: string): Credential | undefined {
  try {
    const result = v.safeParse(schema, JSON.parse(text));
    return result.success ? result.output : undefined;
  } catch {
    return undefined;
  }
}

function derive(password: string, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password.normalize('NFC'), salt, KEY_BYTES, COST, (error, key) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });
}
