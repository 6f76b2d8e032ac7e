import { joinBytes } from '../../../../engine/onion/crypto/bytes.ts';
import { sha1, sha256 } from '../../../../engine/onion/crypto/digest.ts';
import { rsaSign } from '../../../../engine/onion/crypto/rsa-signature.ts';
import {
  buildAuthorityCertificate,
  parseAuthorityCertificate,
} from '../../../../engine/onion/directory/authority-cert.ts';
import type { DirectoryAuthority } from '../../../../engine/onion/directory/authority-types.ts';
import { parseConsensus } from '../../../../engine/onion/directory/consensus.ts';
import type { Consensus } from '../../../../engine/onion/directory/consensus-types.ts';
import { verifyConsensus } from '../../../../engine/onion/directory/consensus-verify.ts';
import { pemText } from '../../../../engine/onion/directory/pem.ts';
import { DirectoryStore } from '../../../../engine/onion/directory/store.ts';
import { encodeBase64, encodeHex, latin1Bytes } from '../../../../engine/onion/directory/text.ts';
import { timeText } from '../../../../engine/onion/time.ts';
import type { RsaKeyPair } from '../../support/rsa-keys.ts';
import type { RelayKeys } from './relay-keys.ts';

const HOUR_MS = 3_600_000;
/** Times in microdescriptor consensuses mean nothing (consensus method 33). */
const NO_TIME = '2038-01-01 00:00:00';
/** As authorities work them out for a network with guards and exits in plenty. dir-spec, bandwidth weights. */
const WEIGHTS =
  'Wbd=0 Wbe=0 Wbg=4100 Wbm=10000 Wdb=10000 Web=10000 Wed=3333 Wee=10000 Weg=3333 Wem=10000 ' +
  'Wgb=10000 Wgd=3333 Wgg=5900 Wgm=5900 Wmb=10000 Wmd=3333 Wme=0 Wmg=4100 Wmm=10000';

/** What authorities say about a relay. */
export interface ListedRelay {
  readonly keys: RelayKeys;
  readonly host: string;
  readonly orPort: number;
  /** Beyond Running and Valid. */
  readonly flags: readonly string[];
  /** As in its `proto` line. */
  readonly protocols: string;
  readonly bandwidthKb: number;
  /** `accept …` or `reject …`. */
  readonly policy: string;
  /** Fingerprints of those it is of one family with, hex. */
  readonly family: readonly string[];
}

/** An authority: what votes, beside its relay. */
export interface AuthorityKeys {
  readonly nickname: string;
  readonly host: string;
  readonly orPort: number;
  readonly identity: RsaKeyPair;
  readonly signing: RsaKeyPair;
  /** Of its relay. */
  readonly relay: RelayKeys;
}

/** What clients are configured with. */
export function directoryAuthorities(authorities: readonly AuthorityKeys[]): readonly DirectoryAuthority[] {
  return authorities.map(({ nickname, host, orPort, identity, relay }) => ({
    nickname,
    host,
    dirPort: 0,
    orPort,
    ipv6: undefined,
    v3ident: encodeHex(sha1(identity.publicKeyDer)),
    fingerprint: encodeHex(relay.fingerprint),
  }));
}

/** Everything that a directory serves. */
export interface Published {
  readonly store: DirectoryStore;
  readonly consensus: Consensus;
  /** The texts, as a client keeps them. */
  readonly texts: {
    readonly consensus: Uint8Array;
    readonly certificates: Uint8Array;
    readonly microdescriptors: Uint8Array;
  };
}

/** A consensus that all authorities have signed, their certificates, and a microdescriptor of each relay. */
export function publish(
  authorities: readonly AuthorityKeys[],
  relays: readonly ListedRelay[],
  options: { readonly nowMs: number; readonly params: string },
): Published {
  const described = relays
    .map((relay) => ({ relay, text: microdescriptorText(relay) }))
    .sort((a, b) => Buffer.compare(a.relay.keys.fingerprint, b.relay.keys.fingerprint));
  const text = sign(authorities, consensusText(authorities, described, options));
  const parsed = parseConsensus(text);
  if (!parsed.ok) throw new Error(parsed.reason);
  const consensus = parsed.value;
  const certificates = authorities.map((one) => certificateOf(one, options.nowMs));
  const verdict = verifyConsensus(consensus, {
    authorities: directoryAuthorities(authorities),
    certificates,
    nowMs: options.nowMs,
  });
  if (!verdict.ok) throw new Error(verdict.reason);
  const store = new DirectoryStore();
  for (const certificate of certificates) store.addCertificate(certificate);
  store.setConsensus(consensus, text);
  const wanted = new Set(consensus.routers.flatMap(({ microdescDigest }) => microdescDigest ?? []));
  const all = latin1Bytes(described.map((one) => one.text).join(''));
  const added = store.addMicrodescriptors(all, wanted);
  if (added.length !== relays.length)
    throw new Error(`${relays.length - added.length} relays are not described`);
  const texts = {
    consensus: text,
    certificates: joinBytes(...certificates.map((one) => one.text)),
    microdescriptors: all,
  };
  return { store, consensus, texts };
}

/** dir-spec, microdescriptors. Nobody uses the old kind of onion key: its line only says where one begins. */
function microdescriptorText({ keys, policy, family }: ListedRelay): string {
  const members = family.map((fingerprint) => `$${fingerprint}`).sort();
  return [
    'onion-key\n',
    `ntor-onion-key ${encodeBase64(keys.onionKey)}\n`,
    members.length === 0 ? '' : `family ${members.join(' ')}\n`,
    `p ${policy}\n`,
    `id ed25519 ${encodeBase64(keys.identity.publicKey)}\n`,
  ].join('');
}

/** All up to the signatures. dir-spec, consensus format, flavour microdesc. */
function consensusText(
  authorities: readonly AuthorityKeys[],
  described: readonly { readonly relay: ListedRelay; readonly text: string }[],
  options: { readonly nowMs: number; readonly params: string },
): string {
  const { nowMs, params } = options;
  const lines = [
    'network-status-version 3 microdesc',
    'vote-status consensus',
    'consensus-method 35',
    `valid-after ${timeText(nowMs)}`,
    `fresh-until ${timeText(nowMs + HOUR_MS)}`,
    `valid-until ${timeText(nowMs + 3 * HOUR_MS)}`,
    'voting-delay 300 300',
    'client-versions ',
    'server-versions ',
    'known-flags Authority BadExit Exit Fast Guard HSDir Running Stable V2Dir Valid',
    `params ${params}`,
  ];
  for (const { nickname, host, orPort, identity } of authorities) {
    const v3ident = encodeHex(sha1(identity.publicKeyDer));
    lines.push(`dir-source ${nickname} ${v3ident} ${host} ${host} 0 ${orPort}`);
    lines.push('contact nobody', `vote-digest ${v3ident}`);
  }
  for (const { relay, text } of described) lines.push(...statusLines(relay, text));
  lines.push('directory-footer', `bandwidth-weights ${WEIGHTS}`);
  return `${lines.join('\n')}\n`;
}

function statusLines(relay: ListedRelay, microdescriptor: string): readonly string[] {
  const { keys, host, orPort, flags, protocols, bandwidthKb } = relay;
  return [
    `r ${keys.nickname} ${encodeBase64(keys.fingerprint)} ${NO_TIME} ${host} ${orPort} 0`,
    `m ${encodeBase64(sha256(latin1Bytes(microdescriptor)))}`,
    `s ${[...flags, 'Running', 'Valid'].sort().join(' ')}`,
    'v Allium 0.1.0',
    `pr ${protocols}`,
    `w Bandwidth=${bandwidthKb}`,
  ];
}

function sign(authorities: readonly AuthorityKeys[], text: string): Uint8Array {
  const digest = sha256(latin1Bytes(`${text}directory-signature `));
  const signatures = authorities.map(({ identity, signing }) => {
    const names = [identity, signing].map((key) => encodeHex(sha1(key.publicKeyDer)));
    const signature = pemText('SIGNATURE', rsaSign(signing.privateKeyDer, digest));
    return `directory-signature sha256 ${names.join(' ')}\n${signature}`;
  });
  return latin1Bytes(text + signatures.join(''));
}

function certificateOf({ identity, signing }: AuthorityKeys, nowMs: number) {
  const text = buildAuthorityCertificate({
    identityKey: identity.publicKeyDer,
    identityPrivateKey: identity.privateKeyDer,
    signingKey: signing.publicKeyDer,
    signingPrivateKey: signing.privateKeyDer,
    dirAddress: undefined,
    publishedMs: nowMs - HOUR_MS,
    expiresMs: nowMs + 90 * 24 * HOUR_MS,
  });
  const parsed = parseAuthorityCertificate(text);
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.value;
}
