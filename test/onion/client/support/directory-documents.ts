import { joinBytes } from '../../../../engine/onion/crypto/bytes.ts';
import { sha1, sha256 } from '../../../../engine/onion/crypto/digest.ts';
import { rsaPublicKeyOf } from '../../../../engine/onion/crypto/rsa-key.ts';
import { rsaSign } from '../../../../engine/onion/crypto/rsa-signature.ts';
import {
  buildAuthorityCertificate,
  parseAuthorityCertificate,
} from '../../../../engine/onion/directory/authority-cert.ts';
import { encodeAnswerHead } from '../../../../engine/onion/directory/directory-answer.ts';
import { readDirectoryPath } from '../../../../engine/onion/directory/paths.ts';
import { pemText } from '../../../../engine/onion/directory/pem.ts';
import { encodeBase64, encodeHex, latin1Bytes } from '../../../../engine/onion/directory/text.ts';
import { timeText } from '../../../../engine/onion/time.ts';
import { makeRsaKeys } from '../../support/rsa-keys.ts';

/** Who signs a consensus of tests. */
export interface TestAuthority {
  readonly v3ident: string;
  readonly signingKeyDigest: string;
  readonly signingPrivateKey: Uint8Array;
  readonly certificate: Uint8Array;
}

/** A relay of the consensus. */
export interface ListedRelay {
  readonly nickname: string;
  /** 20 bytes. */
  readonly fingerprint: Uint8Array;
  readonly ed25519Id: Uint8Array;
  readonly onionKey: Uint8Array;
  readonly host: string;
  readonly orPort: number;
  readonly flags: string;
  /** `accept 80,443`, or undefined. */
  readonly policy: string | undefined;
  readonly protocols: string;
}

/** What directories of a test network have. */
export interface DirectoryDocuments {
  consensus: Uint8Array;
  readonly certificates: Uint8Array;
  readonly microdescriptors: ReadonlyMap<string, Uint8Array>;
  /** Paths that were asked for. */
  readonly asked: string[];
}

const AUTHORITY_COUNT = 3;
/** Keys that are at hand without a long search; the first is for relays. */
const KEY_COUNT = 99;
/** The same in every run, as the whole network is. */
const RSA_KEYS = makeRsaKeys(KEY_COUNT).map(({ privateKeyDer }) => privateKeyDer);

/** Networks of other seeds have other authorities. */
export function makeAuthorities(nowMs: number, seed: number): readonly TestAuthority[] {
  const first = (seed * 2 * AUTHORITY_COUNT) % (KEY_COUNT - 2 * AUTHORITY_COUNT);
  return Array.from({ length: AUTHORITY_COUNT }, (_, i) =>
    makeAuthority(nowMs, RSA_KEYS[first + 2 * i + 1]!, RSA_KEYS[first + 2 * i + 2]!),
  );
}

function makeAuthority(
  nowMs: number,
  identityPrivateKey: Uint8Array,
  signingPrivateKey: Uint8Array,
): TestAuthority {
  const certificate = buildAuthorityCertificate({
    identityKey: rsaPublicKeyOf(identityPrivateKey),
    identityPrivateKey,
    signingKey: rsaPublicKeyOf(signingPrivateKey),
    signingPrivateKey,
    dirAddress: undefined,
    publishedMs: Math.floor(nowMs / 1000) * 1000 - 86_400_000,
    expiresMs: Math.floor(nowMs / 1000) * 1000 + 86_400_000 * 30,
  });
  const parsed = parseAuthorityCertificate(certificate);
  if (!parsed.ok) throw new Error(parsed.reason);
  const { v3ident, signingKeyDigest } = parsed.value;
  return { v3ident, signingKeyDigest, signingPrivateKey, certificate };
}

const TAP_KEY = rsaPublicKeyOf(RSA_KEYS[0]!);

function microdescriptorOf(relay: ListedRelay): Uint8Array {
  const policy = relay.policy === undefined ? '' : `p ${relay.policy}\n`;
  return latin1Bytes(
    `onion-key\n${pemText('RSA PUBLIC KEY', TAP_KEY)}ntor-onion-key ${encodeBase64(relay.onionKey)}\n` +
      `${policy}id ed25519 ${encodeBase64(relay.ed25519Id)}\n`,
  );
}

/** A consensus of these relays from now for an hour, signed by all `signers`. */
export function makeConsensus(
  relays: readonly ListedRelay[],
  signers: readonly TestAuthority[],
  options: { readonly nowMs: number; readonly freshMs?: number; readonly params?: string },
): Uint8Array {
  const { freshMs = 3_600_000, params = 'cc_alg=2' } = options;
  const fromMs = Math.floor(options.nowMs / 1000) * 1000;
  const sorted = [...relays].sort((a, b) => Buffer.compare(a.fingerprint, b.fingerprint));
  const entries = sorted.map((relay) => {
    const digest = encodeBase64(sha256(microdescriptorOf(relay)));
    return (
      `r ${relay.nickname} ${encodeBase64(relay.fingerprint)} 2038-01-01 00:00:00 ${relay.host} ${relay.orPort} 0\n` +
      `m ${digest}\ns ${relay.flags}\nv Tor 0.4.9.11\npr ${relay.protocols}\nw Bandwidth=1000\n`
    );
  });
  const sources = signers.map(
    ({ v3ident }, i) =>
      `dir-source auth${i} ${v3ident} 10.0.0.1 10.0.0.1 80 443\ncontact test\nvote-digest ${'AB'.repeat(20)}\n`,
  );
  const text =
    'network-status-version 3 microdesc\nvote-status consensus\nconsensus-method 35\n' +
    `valid-after ${timeText(fromMs)}\nfresh-until ${timeText(fromMs + freshMs)}\n` +
    `valid-until ${timeText(fromMs + 3 * freshMs)}\nvoting-delay 300 300\nclient-versions \nserver-versions \n` +
    'known-flags Authority Exit Fast Guard HSDir Running Stable V2Dir Valid\n' +
    'recommended-client-protocols Link=4-5\nrecommended-relay-protocols Link=4-5\n' +
    `required-client-protocols Link=4\nrequired-relay-protocols Link=4\nparams ${params}\n` +
    `${sources.join('')}${entries.join('')}directory-footer\n`;
  const signed = latin1Bytes(`${text}directory-signature `);
  const digest = sha256(signed);
  const signatures = signers.map(
    ({ v3ident, signingKeyDigest, signingPrivateKey }) =>
      `directory-signature sha256 ${v3ident} ${signingKeyDigest}\n` +
      pemText('SIGNATURE', rsaSign(signingPrivateKey, digest)),
  );
  return latin1Bytes(text + signatures.join(''));
}

export function makeDocuments(
  relays: readonly ListedRelay[],
  signers: readonly TestAuthority[],
  consensus: Uint8Array,
): DirectoryDocuments {
  const texts = relays.map(microdescriptorOf);
  return {
    consensus,
    certificates: joinBytes(...signers.map(({ certificate }) => certificate)),
    microdescriptors: new Map(texts.map((text) => [encodeBase64(sha256(text)), text])),
    asked: [],
  };
}

/** Answers a request of BEGIN_DIR; undefined when it is not whole. */
export function answerDirectory(
  documents: DirectoryDocuments,
  request: Uint8Array,
  nowMs: number,
): Uint8Array | undefined {
  const text = Buffer.from(request).toString('latin1');
  if (!text.endsWith('\r\n\r\n')) return undefined;
  const path = text.split(' ', 2)[1]!;
  documents.asked.push(path);
  const { resource } = readDirectoryPath(path, 'GET');
  let body: readonly Uint8Array[] | undefined;
  if (resource.kind === 'consensus') body = [documents.consensus];
  else if (resource.kind === 'keys') body = [documents.certificates];
  else if (resource.kind === 'micro') {
    body = resource.digests.flatMap((digest) => documents.microdescriptors.get(digest) ?? []);
  }
  const draft = {
    status: body === undefined ? 404 : 200,
    reason: body === undefined ? 'Not found' : 'OK',
    body: body ?? [],
    encoding: 'identity',
    lifetimeMs: undefined,
  } as const;
  return joinBytes(encodeAnswerHead(draft, { nowMs, clientAddress: undefined }), ...(body ?? []));
}

/** SHA-1 of bytes in hex, for names that nobody has. */
export function nameOf(text: string): string {
  return encodeHex(sha1(latin1Bytes(text)));
}
