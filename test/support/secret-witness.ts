/*
 * Loaded into a process in front of the program (`node --import`): writes down every secret that passes through
 * node:crypto, so that a test can search the logs of that process for it. Does nothing unless told where to.
 */
import crypto, { type KeyObject } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { threadId } from 'node:worker_threads';

type Callable = (...words: unknown[]) => unknown;
const folder = process.env['ALLIUM_TEST_WITNESS'];
const SECRET_BYTES_MIN = 16;
/** Longer chance is padding, and what goes into files. */
const CHANCE_BYTES_MAX = 64;
const real = { ...crypto };
const known = new Set<string>();

if (folder !== undefined) {
  watch('createPrivateKey', (key) => noteKey(key as KeyObject));
  watch('diffieHellman', (shared) => note('agreement', shared as Uint8Array));
  watch('createCipheriv', (_cipher, words) => note('cipher', words[1]));
  watch('randomFillSync', (bytes) => noteChance(bytes));
  watch('randomBytes', (bytes) => noteChance(bytes));
  watch('hash', (digest, words) => {
    // SHA-1 makes fingerprints, which are public; keys come out of the others.
    if (words[0] !== 'sha1') note('hash', digest);
  });
  watch('createHash', (made, words) => {
    if (words[0] === 'shake256') watchDigest(made as { digest: Callable });
  });
  watch('generateKeyPairSync', (made) => notePair((made as { privateKey: unknown }).privateKey));
  watchLater('generateKeyPair');
  syncBuiltinESMExports();
}

/** Lets `look` see what a function gave and what it was given. */
function watch(name: string, look: (value: unknown, words: readonly unknown[]) => void): void {
  const table = crypto as unknown as Record<string, Callable>;
  const inner = table[name];
  if (inner === undefined) return;
  table[name] = (...words) => {
    const value = inner(...words);
    look(value, words);
    return value;
  };
}

function watchLater(name: string): void {
  const table = crypto as unknown as Record<string, Callable>;
  const inner = table[name];
  if (inner === undefined) return;
  table[name] = (...words) => {
    const done = words.pop() as Callable;
    return inner(...words, (error: unknown, publicKey: unknown, privateKey: unknown) => {
      if (!error) notePair(privateKey);
      done(error, publicKey, privateKey);
    });
  };
}

function watchDigest(made: { digest: Callable }): void {
  const inner = made.digest.bind(made);
  made.digest = (...words) => {
    const digest = inner(...words);
    note('shake', digest);
    return digest;
  };
}

function notePair(privateKey: unknown): void {
  if (!(privateKey instanceof Uint8Array)) return;
  for (const type of ['pkcs8', 'pkcs1'] as const) {
    try {
      noteKey(real.createPrivateKey({ key: Buffer.from(privateKey), format: 'der', type }));
      return;
    } catch {
      // The other one, then.
    }
  }
}

/** Of RSA the private exponent, of curves the seed. */
function noteKey(key: KeyObject): void {
  const { d } = key.export({ format: 'jwk' });
  if (d !== undefined) note('private', Buffer.from(d, 'base64url'));
}

function noteChance(bytes: unknown): void {
  if (bytes instanceof Uint8Array && bytes.length <= CHANCE_BYTES_MAX) note('chance', bytes);
}

function note(kind: string, bytes: unknown): void {
  if (!(bytes instanceof Uint8Array) || bytes.length < SECRET_BYTES_MIN) return;
  const line = `${kind} ${Buffer.from(bytes).toString('hex')}\n`;
  if (known.has(line)) return;
  known.add(line);
  appendFileSync(join(folder ?? '', `${process.pid}-${threadId}`), line);
}
