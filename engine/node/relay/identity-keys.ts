import { AlliumError } from '../../codec/error.ts';
import { equalBytes } from '../../onion/crypto/bytes.ts';
import { CERTIFIED_KEY, ED_CERT_TYPE } from '../../onion/crypto/ed-cert.ts';
import { checkEdCert, expirationHoursAt } from '../../onion/crypto/ed-cert-check.ts';
import { ed25519PublicKey } from '../../onion/crypto/ed25519.ts';
import { makeSigningCert } from '../../onion/crypto/link-credentials.ts';
import { rsaFingerprint, rsaPublicKeyOf } from '../../onion/crypto/rsa-key.ts';
import { curvePem, makeCurveKey, makeRsaKey, readCurvePem, readRsaPem, rsaPem } from './key-codec.ts';
import { badKey, type KeyFolder } from './key-folder.ts';

/** Names in the folder of keys. */
export const KEY_FILES = {
  rsaIdentity: 'identity_rsa.pem',
  master: 'identity_ed25519.pem',
  signing: 'signing_ed25519.pem',
  signingCert: 'signing_ed25519.cert',
  onion: 'onion.json',
} as const;

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
/** A signing key is renewed this long before it expires, or when a fifth of its time is left. */
const RENEW_BEFORE_MS = 3 * DAY_MS;
const RENEW_PART = 0.2;
const CERT_LABEL = 'ED25519 CERT';

/** Who a relay is. */
export interface IdentityKeys {
  /** PKCS#1 DER. */
  readonly rsaPrivateKey: Uint8Array;
  readonly rsaPublicKey: Uint8Array;
  /** 20 bytes. */
  readonly fingerprint: Uint8Array;
  /** 32 bytes. */
  readonly ed25519Id: Uint8Array;
  /** Speaks for the Ed25519 identity for some weeks. */
  readonly signing: SigningKey;
  /** Whether the master key is here, so that {@link renewSigningKey} can make another signing key. */
  readonly hasMaster: boolean;
}

/** A medium-term key with the certificate of the identity about it. */
export interface SigningKey {
  readonly seed: Uint8Array;
  /** Type 4, with the identity as an extension. */
  readonly cert: Uint8Array;
  /** Unix milliseconds. */
  readonly expiresMs: number;
}

export interface IdentityOptions {
  /** No master key is ever made here. */
  readonly offlineMaster: boolean;
  readonly signingLifetimeMs: number;
  /** Unix milliseconds. */
  readonly nowMs: number;
}

/**
 * The identity in a folder; what is missing of a new relay is made. Throws BAD_STATE when files contradict each other,
 * when a part is lost that cannot be made anew, or when the signing key has expired and the master key is elsewhere.
 */
export function openIdentity(folder: KeyFolder, options: IdentityOptions): IdentityKeys {
  const hadRsa = folder.has(KEY_FILES.rsaIdentity);
  const hadEd25519 = folder.has(KEY_FILES.master) || folder.has(KEY_FILES.signing);
  if (!hadEd25519 && (hadRsa || options.offlineMaster)) throw noSigningKey(folder, options.offlineMaster);
  const master = readMaster(folder) ?? (hadEd25519 ? undefined : makeMaster(folder));
  const rsaPrivateKey = readRsa(folder) ?? makeRsa(folder);
  const rsaPublicKey = rsaPublicKeyOf(rsaPrivateKey);
  const { signing, ed25519Id } = openSigning(folder, master, options);
  master?.fill(0);
  return {
    rsaPrivateKey,
    rsaPublicKey,
    fingerprint: rsaFingerprint(rsaPublicKey),
    ed25519Id,
    signing,
    hasMaster: master !== undefined,
  };
}

/** Whether it is time for another signing key. */
export function isRenewalDue(expiresMs: number, lifetimeMs: number, nowMs: number): boolean {
  return expiresMs - nowMs < Math.min(RENEW_BEFORE_MS, lifetimeMs * RENEW_PART);
}

/** Makes another signing key and its certificate. Throws BAD_STATE when the master key is not in the folder. */
export function renewSigningKey(
  folder: KeyFolder,
  options: Pick<IdentityOptions, 'signingLifetimeMs' | 'nowMs'>,
): SigningKey {
  const master = readMaster(folder);
  if (master === undefined) throw noSigningKey(folder, true);
  const signing = makeSigning(folder, master, options);
  master.fill(0);
  return signing;
}

/**
 * For a machine that keeps the master key: makes it if there is none, and a signing key for the relay. Gives the
 * Ed25519 identity.
 */
export function makeOfflineKeys(
  folder: KeyFolder,
  options: Pick<IdentityOptions, 'signingLifetimeMs' | 'nowMs'>,
): { readonly ed25519Id: Uint8Array; readonly signing: SigningKey; readonly isNew: boolean } {
  const known = readMaster(folder);
  const master = known ?? makeMaster(folder);
  const ed25519Id = ed25519PublicKey(master.slice());
  const signing = makeSigning(folder, master, options);
  master.fill(0);
  return { ed25519Id, signing, isNew: known === undefined };
}

function openSigning(
  folder: KeyFolder,
  master: Uint8Array | undefined,
  options: IdentityOptions,
): { readonly signing: SigningKey; readonly ed25519Id: Uint8Array } {
  const ed25519Id = master === undefined ? undefined : ed25519PublicKey(master.slice());
  const known = readSigning(folder, ed25519Id, options.nowMs);
  const isDue =
    known === undefined || isRenewalDue(known.signing.expiresMs, options.signingLifetimeMs, options.nowMs);
  if (master === undefined || ed25519Id === undefined) {
    if (known === undefined) throw noSigningKey(folder, true);
    return known;
  }
  return isDue ? { signing: makeSigning(folder, master, options), ed25519Id } : known;
}

/** Undefined when there is none, or it has expired. */
function readSigning(
  folder: KeyFolder,
  identity: Uint8Array | undefined,
  nowMs: number,
): { readonly signing: SigningKey; readonly ed25519Id: Uint8Array } | undefined {
  const pem = folder.read(KEY_FILES.signing);
  const text = folder.read(KEY_FILES.signingCert)?.toString('latin1');
  if (pem === undefined || text === undefined) return undefined;
  const seed = readCurvePem('ed25519', pem);
  if (!seed.ok) throw badKey(folder.fileOf(KEY_FILES.signing), seed.reason);
  const cert = readCertPem(text);
  const { signing: type } = ED_CERT_TYPE;
  const checked = checkEdCert(cert, { type, keyType: CERTIFIED_KEY.ed25519, signedBy: identity, nowMs });
  if (!checked.ok) {
    if (checked.reason === 'expired') return undefined;
    throw badKey(folder.fileOf(KEY_FILES.signingCert), `the certificate does not hold (${checked.reason})`);
  }
  const { certifiedKey, signedWith, expirationHours } = checked.value;
  if (!equalBytes(certifiedKey, ed25519PublicKey(seed.value))) {
    // Written one after the other: after a power cut in between, a new pair is made where that is possible.
    if (identity !== undefined) return undefined;
    throw badKey(folder.fileOf(KEY_FILES.signingCert), 'the certificate is about another signing key');
  }
  return {
    signing: { seed: seed.value, cert, expiresMs: expirationHours * HOUR_MS },
    ed25519Id: signedWith.slice(),
  };
}

function makeSigning(
  folder: KeyFolder,
  master: Uint8Array,
  { signingLifetimeMs, nowMs }: Pick<IdentityOptions, 'signingLifetimeMs' | 'nowMs'>,
): SigningKey {
  const seed = makeCurveKey();
  const expirationHours = expirationHoursAt(nowMs, signingLifetimeMs);
  // A copy: what is made of a seed is remembered by its array, and this one is wiped.
  const cert = makeSigningCert(master.slice(), { signingKey: ed25519PublicKey(seed), expirationHours });
  folder.write(KEY_FILES.signing, curvePem('ed25519', seed));
  folder.write(KEY_FILES.signingCert, certPem(cert));
  return { seed, cert, expiresMs: expirationHours * HOUR_MS };
}

function readMaster(folder: KeyFolder): Uint8Array | undefined {
  const pem = folder.read(KEY_FILES.master);
  if (pem === undefined) return undefined;
  const seed = readCurvePem('ed25519', pem);
  if (!seed.ok) throw badKey(folder.fileOf(KEY_FILES.master), seed.reason);
  return seed.value;
}

function makeMaster(folder: KeyFolder): Uint8Array {
  const seed = makeCurveKey();
  folder.write(KEY_FILES.master, curvePem('ed25519', seed));
  return seed;
}

function readRsa(folder: KeyFolder): Uint8Array | undefined {
  const pem = folder.read(KEY_FILES.rsaIdentity);
  if (pem === undefined) return undefined;
  const key = readRsaPem(pem);
  if (!key.ok) throw badKey(folder.fileOf(KEY_FILES.rsaIdentity), key.reason);
  return key.value;
}

function makeRsa(folder: KeyFolder): Uint8Array {
  const key = makeRsaKey();
  folder.write(KEY_FILES.rsaIdentity, rsaPem(key));
  return key;
}

function certPem(cert: Uint8Array): string {
  const lines =
    Buffer.from(cert)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${CERT_LABEL}-----\n${lines.join('\n')}\n-----END ${CERT_LABEL}-----\n`;
}

/** Whatever it is, the check of the certificate says so. */
function readCertPem(text: string): Uint8Array {
  const body = new RegExp(`-----BEGIN ${CERT_LABEL}-----([^-]*)-----END`).exec(text)?.[1] ?? '';
  return new Uint8Array(Buffer.from(body.replaceAll(/\s/g, ''), 'base64'));
}

function noSigningKey(folder: KeyFolder, isOffline: boolean): AlliumError {
  const what = isOffline
    ? 'there is no signing key that is valid, and the master key is not here'
    : 'the Ed25519 identity is lost';
  return new AlliumError('BAD_STATE', `${what} (${folder.path})`, {
    advice: isOffline
      ? `Run “allium relay keygen --keys FOLDER” where the master key is, and copy ${KEY_FILES.signing} and ${KEY_FILES.signingCert} here.`
      : `Put back ${KEY_FILES.master}. Authorities refuse a relay whose Ed25519 identity changes; without it, move ${KEY_FILES.rsaIdentity} away too and begin anew.`,
    details: { path: folder.path },
  });
}
