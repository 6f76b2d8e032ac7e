import * as v from 'valibot';
import { rsaPublicKeyOf } from '../../onion/crypto/rsa-key.ts';
import { x25519PublicKey } from '../../onion/crypto/x25519.ts';
import type { ConsensusParams } from '../../onion/flow/consensus-param.ts';
import { readParam } from '../../onion/flow/consensus-param.ts';
import { KEY_FILES } from './identity-keys.ts';
import { curvePem, makeCurveKey, makeRsaKey, readCurvePem, readRsaPem, rsaPem } from './key-codec.ts';
import { badKey, type KeyFolder } from './key-folder.ts';

const DAY_MS = 86_400_000;

/** The keys of one generation. */
export interface OnionKeys {
  /** Unix milliseconds. */
  readonly createdMs: number;
  /** X25519, 32 bytes. */
  readonly ntorPrivateKey: Uint8Array;
  readonly ntorPublicKey: Uint8Array;
  /** RSA-1024 of a handshake that is gone, which descriptors still name. PKCS#1 DER. */
  readonly tapPrivateKey: Uint8Array;
  readonly tapPublicKey: Uint8Array;
}

/** The keys in use, and those before them for as long as somebody may still use them. */
export interface OnionKeyPair {
  readonly current: OnionKeys;
  readonly previous: OnionKeys | undefined;
}

/** How long keys are used, and answered to after that. dir-spec, onion-key-rotation-days and its grace period. */
export interface OnionKeyTimes {
  readonly rotationMs: number;
  readonly graceMs: number;
}

/** From the consensus, clamped. */
export function onionKeyTimes(params: ConsensusParams): OnionKeyTimes {
  const days = readParam(params, 'onion-key-rotation-days', { fallback: 28, min: 1, max: 90 });
  const grace = readParam(params, 'onion-key-grace-period-days', { fallback: 7, min: 1, max: days });
  return { rotationMs: days * DAY_MS, graceMs: grace * DAY_MS };
}

/** What is to be done with the keys now. A clock that went backwards changes nothing. */
export function onionKeyStep(
  keys: { readonly createdMs: number; readonly hasPrevious: boolean },
  times: OnionKeyTimes,
  nowMs: number,
): 'keep' | 'rotate' | 'forget-previous' {
  const ageMs = nowMs - keys.createdMs;
  if (ageMs >= times.rotationMs) return 'rotate';
  // The previous keys were put aside when the current ones were made.
  return keys.hasPrevious && ageMs >= times.graceMs ? 'forget-previous' : 'keep';
}

const entry = v.strictObject({ createdMs: v.number(), ntor: v.string(), tap: v.string() });
const file = v.strictObject({ version: v.literal(1), current: entry, previous: v.optional(entry) });

/** The onion keys of a relay on disk: one file, so that a rotation happens as a whole. Throws as {@link KeyFolder}. */
export class OnionKeyStore {
  readonly #folder: KeyFolder;
  #keys: OnionKeyPair;

  private constructor(folder: KeyFolder, keys: OnionKeyPair) {
    this.#folder = folder;
    this.#keys = keys;
  }

  /** Reads the keys, or makes the first ones. */
  static open(folder: KeyFolder, nowMs: number): OnionKeyStore {
    const bytes = folder.read(KEY_FILES.onion);
    if (bytes !== undefined) return new OnionKeyStore(folder, parse(bytes, folder.fileOf(KEY_FILES.onion)));
    const store = new OnionKeyStore(folder, { current: makeOnionKeys(nowMs), previous: undefined });
    store.#save();
    return store;
  }

  get keys(): OnionKeyPair {
    return this.#keys;
  }

  /** What {@link advance} would do. */
  stepOf(times: OnionKeyTimes, nowMs: number): 'keep' | 'rotate' | 'forget-previous' {
    const { current, previous } = this.#keys;
    return onionKeyStep({ createdMs: current.createdMs, hasPrevious: previous !== undefined }, times, nowMs);
  }

  /** Does what {@link onionKeyStep} says, and tells it. `tapKey`: made ahead for a rotation, PKCS#1 DER. */
  advance(times: OnionKeyTimes, nowMs: number, tapKey?: Uint8Array): 'keep' | 'rotate' | 'forget-previous' {
    const { current } = this.#keys;
    const step = this.stepOf(times, nowMs);
    if (step === 'rotate') this.#keys = { current: makeOnionKeys(nowMs, tapKey), previous: current };
    if (step === 'forget-previous') this.#keys = { current, previous: undefined };
    if (step !== 'keep') this.#save();
    return step;
  }

  #save(): void {
    const { current, previous } = this.#keys;
    const content = {
      version: 1,
      current: toFile(current),
      ...(previous === undefined ? {} : { previous: toFile(previous) }),
    };
    this.#folder.write(KEY_FILES.onion, `${JSON.stringify(content, null, 2)}\n`);
  }
}

function makeOnionKeys(nowMs: number, tapKey: Uint8Array = makeRsaKey()): OnionKeys {
  return complete(nowMs, makeCurveKey(), tapKey);
}

function complete(createdMs: number, ntorPrivateKey: Uint8Array, tapPrivateKey: Uint8Array): OnionKeys {
  return {
    createdMs,
    ntorPrivateKey,
    ntorPublicKey: x25519PublicKey(ntorPrivateKey),
    tapPrivateKey,
    tapPublicKey: rsaPublicKeyOf(tapPrivateKey),
  };
}

function toFile(keys: OnionKeys): v.InferOutput<typeof entry> {
  return {
    createdMs: keys.createdMs,
    ntor: curvePem('x25519', keys.ntorPrivateKey),
    tap: rsaPem(keys.tapPrivateKey),
  };
}

function parse(bytes: Buffer, path: string): OnionKeyPair {
  const value = v.safeParse(file, parseJson(bytes));
  if (!value.success) throw badKey(path, 'it does not hold the onion keys of a relay');
  const { current, previous } = value.output;
  return {
    current: fromFile(current, path),
    previous: previous === undefined ? undefined : fromFile(previous, path),
  };
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    // What JSON.parse says would tell a part of the content.
    return undefined;
  }
}

function fromFile(stored: v.InferOutput<typeof entry>, path: string): OnionKeys {
  const ntor = readCurvePem('x25519', stored.ntor);
  if (!ntor.ok) throw badKey(path, ntor.reason);
  const tap = readRsaPem(stored.tap);
  if (!tap.ok) throw badKey(path, tap.reason);
  return complete(stored.createdMs, ntor.value, tap.value);
}
