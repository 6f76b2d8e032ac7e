import { equalBytes } from '../crypto/bytes.ts';
import { checkNtorCrossCert, checkOnionKeyCrossCert } from '../crypto/descriptor-cross-cert.ts';
import { sha1 } from '../crypto/digest.ts';
import { CERTIFIED_KEY, decodeEdCert, ED_CERT_TYPE } from '../crypto/ed-cert.ts';
import { checkEdCert } from '../crypto/ed-cert-check.ts';
import { isRelayRsaKey, rsaFingerprint } from '../crypto/rsa-key.ts';
import { readDescribed } from './descriptor-fields.ts';
import { DESCRIPTOR_LIMITS, DESCRIPTOR_RULES } from './descriptor-rules.ts';
import type { ServerDescriptor } from './descriptor-types.ts';
import { type Items, readItems } from './items.ts';
import { failure, type Result, success } from './result.ts';
import { isEd25519Signed, isRsaSigned, readRouterIdentity, routerDigest } from './router-signature.ts';
import { splitDocuments } from './split.ts';
import { decodeBase64, encodeBase64, encodeHex, latin1Text } from './text.ts';

const HOUR_MS = 3_600_000;
/** Descriptors in one answer. */
export const DESCRIPTORS_PER_ANSWER_MAX = 20_000;
/** What the digest ends with. */
const SIGNATURE_LINE = '\nrouter-signature\n';
/** Certificates of families in one descriptor. */
const FAMILY_CERTS_MAX = 16;

/** The keys in a descriptor, all proven to belong together. */
type DescriptorKeys = Pick<
  ServerDescriptor,
  | 'fingerprint'
  | 'identityKey'
  | 'ed25519Id'
  | 'ed25519SigningKey'
  | 'certsExpireMs'
  | 'tapOnionKey'
  | 'ntorOnionKey'
>;

/**
 * Reads a server descriptor and checks every signature in it: of both identities over the text, of the identity over
 * the signing key, and of each onion key over the identity. dir-spec, server descriptor format.
 */
export function parseServerDescriptor(bytes: Uint8Array, nowMs: number): Result<ServerDescriptor> {
  if (bytes.length > DESCRIPTOR_LIMITS.bytesMax) return failure('the descriptor is longer than 20,000 bytes');
  const read = readItems(latin1Text(bytes), DESCRIPTOR_RULES, DESCRIPTOR_LIMITS);
  if (!read.ok) return failure(`the descriptor cannot be read: ${read.reason}`);
  const items = read.value;
  const described = readDescribed(items);
  if (!described.ok) return failure(`the descriptor cannot be read: ${described.reason}`);
  const keys = readKeys(items, nowMs);
  if (!keys.ok)
    return failure(`the descriptor of ${described.value.nickname} is not genuine: ${keys.reason}`);
  if (!isEd25519Signed(bytes, items, keys.value.ed25519SigningKey)) {
    return failure(`the descriptor of ${described.value.nickname} has a wrong Ed25519 signature`);
  }
  if (!isRsaSigned(bytes, items, keys.value.identityKey)) {
    return failure(`the descriptor of ${described.value.nickname} has a wrong RSA signature`);
  }
  return success({
    ...described.value,
    ...keys.value,
    familyIds: readFamilyCerts(items, keys.value.ed25519Id, nowMs),
    digest: encodeHex(routerDigest(bytes, items)),
    text: bytes.slice(),
  });
}

function readKeys(items: Items, nowMs: number): Result<DescriptorKeys> {
  const identityKey = items.one('signing-key').object!.bytes;
  if (!isRelayRsaKey(identityKey)) return failure('its RSA identity is no key of 1024 bits');
  const fingerprint = encodeHex(rsaFingerprint(identityKey));
  const claimed = items.first('fingerprint')?.words.join('');
  if (claimed !== undefined && claimed.toUpperCase() !== fingerprint)
    return failure('the fingerprint is another');
  const identity = readRouterIdentity(items.one('identity-ed25519'), nowMs);
  if (!identity.ok) return identity;
  const { ed25519Id, signingKey } = identity.value;
  const master = decodeBase64(items.one('master-key-ed25519').words[0]!, 32);
  if (master === undefined || !equalBytes(master, ed25519Id))
    return failure('master-key-ed25519 is another key');
  const tapOnionKey = items.first('onion-key')?.object?.bytes;
  if (tapOnionKey !== undefined) {
    const cross = items.first('onion-key-crosscert')?.object?.bytes;
    const of = { rsaPublicKeyDer: identityKey, identity: ed25519Id };
    if (
      cross === undefined ||
      !isRelayRsaKey(tapOnionKey) ||
      !checkOnionKeyCrossCert(cross, tapOnionKey, of)
    ) {
      return failure('the RSA onion key has not signed the identities');
    }
  }
  const ntor = readNtorKey(items, ed25519Id, nowMs);
  if (!ntor.ok) return ntor;
  return success({
    fingerprint,
    identityKey,
    ed25519Id,
    ed25519SigningKey: signingKey,
    certsExpireMs: Math.min(identity.value.expiresMs, ntor.value.expiresMs),
    tapOnionKey,
    ntorOnionKey: ntor.value.onionKey,
  });
}

function readNtorKey(
  items: Items,
  identity: Uint8Array,
  nowMs: number,
): Result<{ onionKey: Uint8Array; expiresMs: number }> {
  const onionKey = decodeBase64(items.one('ntor-onion-key').words[0]!, 32);
  const cross = items.one('ntor-onion-key-crosscert');
  const bit = cross.words[0];
  if (onionKey === undefined) return failure('the ntor key is no key of 32 bytes');
  if (bit !== '0' && bit !== '1') return failure('the ntor cross-certificate has no sign bit');
  const demand = { onionKey, signBit: bit === '1' ? 1 : 0, identity, nowMs } as const;
  const checked = checkNtorCrossCert(cross.object!.bytes, demand);
  const cert = decodeEdCert(cross.object!.bytes);
  if (!checked.ok || !cert.ok) {
    return failure(
      `the ntor key has not signed the identity (${checked.ok ? 'bad-length' : checked.reason})`,
    );
  }
  return success({ onionKey, expiresMs: cert.value.expirationHours * HOUR_MS });
}

/** The families that vouch for this identity, as microdescriptors name them. Certificates that do not hold are nothing. */
function readFamilyCerts(items: Items, identity: Uint8Array, nowMs: number): readonly string[] {
  const ids = new Set<string>();
  for (const item of items.all('family-cert').slice(0, FAMILY_CERTS_MAX)) {
    const { family, ed25519 } = { family: ED_CERT_TYPE.family, ed25519: CERTIFIED_KEY.ed25519 };
    const cert = checkEdCert(item.object!.bytes, {
      type: family,
      keyType: ed25519,
      signedBy: undefined,
      nowMs,
    });
    if (cert.ok && equalBytes(cert.value.certifiedKey, identity)) {
      ids.add(`ed25519:${encodeBase64(cert.value.signedWith)}`);
    }
  }
  return [...ids].sort();
}

/**
 * Reads the descriptors of an answer, one behind the other; the bad ones do not spoil the others. `wanted`: digests in
 * upper-case hexadecimal; all others are left out unread, and each is read once, since checking signatures is dear.
 */
export function parseServerDescriptors(
  bytes: Uint8Array,
  nowMs: number,
  wanted?: ReadonlySet<string>,
): readonly Result<ServerDescriptor>[] {
  let parts = splitDocuments(bytes, 'router', DESCRIPTORS_PER_ANSWER_MAX);
  if (wanted !== undefined) {
    const left = new Set(wanted);
    parts = parts.filter((part) => left.delete(digestOf(part)));
  }
  return parts.map((part) => parseServerDescriptor(part, nowMs));
}

/** The digest that a text would have if it could be read; empty when it is no descriptor. */
function digestOf(bytes: Uint8Array): string {
  if (bytes.length > DESCRIPTOR_LIMITS.bytesMax) return '';
  const at = latin1Text(bytes).indexOf(SIGNATURE_LINE);
  return at < 0 ? '' : encodeHex(sha1(bytes.subarray(0, at + SIGNATURE_LINE.length)));
}
