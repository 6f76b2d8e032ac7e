import { readAddress } from '../../codec/address.ts';
import { makeNtorCrossCert, makeOnionKeyCrossCert } from '../crypto/descriptor-cross-cert.ts';
import { decodeEdCert } from '../crypto/ed-cert.ts';
import { rsaFingerprint } from '../crypto/rsa-key.ts';
import { timeText } from '../time.ts';
import { DESCRIPTOR_LIMITS } from './descriptor-rules.ts';
import type { DescribedBandwidth, ExtraInfoDigest, OverloadGeneral } from './descriptor-types.ts';
import { policyRuleText } from './exit-policy.ts';
import { pemText } from './pem.ts';
import { summarizePolicy } from './policy-summary.ts';
import type { ExitPolicy, PolicyRule } from './policy-types.ts';
import { isRejectAll, portSummaryText } from './port-summary.ts';
import { failure, type Result, success } from './result.ts';
import { type RouterSigningKeys, signRouterText } from './router-signature.ts';
import { encodeBase64, encodeHex, isNickname } from './text.ts';

/** What a relay of this program speaks: the `proto` line. tor-spec, subprotocol versioning. */
export const OWN_PROTOCOLS =
  'Cons=1-2 Desc=1-4 DirCache=2 FlowCtrl=1-2 Link=4-5 LinkAuth=3 Microdesc=1-3 Relay=2-6';
/** The ntor cross-certificate lasts as long as an onion key is used and remembered, and some. */
const CROSS_CERT_HOURS = 24 * 35;
const HOUR_MS = 3_600_000;

/** All keys that a descriptor names or is signed with. Private RSA keys: PKCS#1 DER. */
export interface DescriptorKeys extends RouterSigningKeys {
  /** PKCS#1 DER. */
  readonly rsaIdentityKey: Uint8Array;
  /** Ed25519 identity, 32 bytes. Its private half is not needed: it may be offline. */
  readonly ed25519Id: Uint8Array;
  /** Key of the handshake that is gone, which authorities still ask for; RSA-1024. */
  readonly tapOnionKey: Uint8Array;
  readonly tapOnionPrivateKey: Uint8Array;
  /** Curve25519, 32 bytes each. */
  readonly ntorOnionKey: Uint8Array;
  readonly ntorOnionPrivateKey: Uint8Array;
}

/** What a relay of ours says of itself. */
export interface DescriptorContent {
  readonly nickname: string;
  /** A literal IPv4 address. */
  readonly host: string;
  readonly orPort: number;
  /** 0: none. */
  readonly dirPort: number;
  readonly ipv6: { readonly host: string; readonly port: number } | undefined;
  /** As `Allium 0.1.0 on Linux`. */
  readonly platform: string;
  /** {@link OWN_PROTOCOLS}, or fewer where something is turned off. */
  readonly protocols: string;
  /** Unix milliseconds. */
  readonly publishedMs: number;
  readonly uptimeSeconds: number;
  readonly bandwidth: DescribedBandwidth;
  readonly policy: ExitPolicy;
  /** Fingerprints or `$fingerprints` of the other relays of the operator. */
  readonly family: readonly string[];
  /** Certificates of family keys about the Ed25519 identity. */
  readonly familyCerts: readonly Uint8Array[];
  /** Empty: no line. */
  readonly contact: string;
  readonly isHibernating: boolean;
  readonly isHiddenServiceDir: boolean;
  readonly isTunnelledDirServer: boolean;
  readonly cachesExtraInfo: boolean;
  readonly extraInfoDigest: ExtraInfoDigest | undefined;
  readonly overloadGeneral: OverloadGeneral | undefined;
}

/** A server descriptor, signed with both identities; fails when the operator's words do not fit into one. */
export function buildServerDescriptor(content: DescriptorContent, keys: DescriptorKeys): Result<Uint8Array> {
  const wrong = complaint(content, keys);
  if (wrong !== '') return failure(`no descriptor can be made: ${wrong}`);
  const text = [
    ...identityLines(content, keys),
    ...statusLines(content, keys),
    ...keyLines(content, keys),
    ...roleLines(content, keys),
    ...policyLines(content.policy),
    ...overloadLine(content.overloadGeneral),
    content.isTunnelledDirServer ? 'tunnelled-dir-server\n' : '',
  ].join('');
  const bytes = signRouterText(text, keys);
  if (bytes.length > DESCRIPTOR_LIMITS.bytesMax) {
    return failure(`no descriptor can be made: it would have ${bytes.length} bytes, and 20,000 are allowed`);
  }
  return success(bytes);
}

function complaint(content: DescriptorContent, keys: DescriptorKeys): string {
  if (!isNickname(content.nickname)) return 'a nickname has 1 to 19 letters and digits';
  if (readAddress(content.host)?.length !== 4) return 'the address is not IPv4';
  if (content.ipv6 !== undefined && readAddress(content.ipv6.host)?.length !== 16) {
    return 'the second address is not IPv6';
  }
  if (/\p{Cc}/u.test(content.contact)) return 'the contact has a line break or another control character';
  if (!/^[\x20-\x7e]*$/.test(content.platform + content.protocols)) return 'the platform is not plain ASCII';
  const member = content.family.find((one) => !/^\$?[0-9A-Fa-f]{40}$/.test(one));
  if (member !== undefined) return 'a member of the family is no fingerprint of 40 hex digits';
  return decodeEdCert(keys.signingCert).ok ? '' : 'the certificate of the signing key is none';
}

function identityLines(content: DescriptorContent, keys: DescriptorKeys): string[] {
  const { ipv6 } = content;
  return [
    `router ${content.nickname} ${content.host} ${content.orPort} 0 ${content.dirPort}\n`,
    `identity-ed25519\n${pemText('ED25519 CERT', keys.signingCert)}`,
    `master-key-ed25519 ${encodeBase64(keys.ed25519Id)}\n`,
    ipv6 === undefined ? '' : `or-address [${ipv6.host}]:${ipv6.port}\n`,
  ];
}

function statusLines(content: DescriptorContent, keys: DescriptorKeys): string[] {
  const fingerprint = encodeHex(rsaFingerprint(keys.rsaIdentityKey));
  const { rateBytesPerSec, burstBytesPerSec, observedBytesPerSec } = content.bandwidth;
  const digest = content.extraInfoDigest;
  const bytes = [rateBytesPerSec, burstBytesPerSec, observedBytesPerSec].map(Math.floor).join(' ');
  return [
    `platform ${content.platform}\n`,
    `proto ${content.protocols}\n`,
    `published ${timeText(content.publishedMs)}\n`,
    `fingerprint ${fingerprint.match(/.{4}/g)?.join(' ')}\n`,
    `uptime ${Math.floor(content.uptimeSeconds)}\n`,
    `bandwidth ${bytes}\n`,
    digest === undefined
      ? ''
      : `extra-info-digest ${digest.sha1} ${digest.sha256 ?? ''}`.trimEnd().concat('\n'),
    content.cachesExtraInfo ? 'caches-extra-info\n' : '',
    content.isHibernating ? 'hibernating 1\n' : '',
  ];
}

function keyLines(content: DescriptorContent, keys: DescriptorKeys): string[] {
  const identities = { rsaPublicKeyDer: keys.rsaIdentityKey, identity: keys.ed25519Id };
  const cross = makeNtorCrossCert(keys.ntorOnionPrivateKey, {
    identity: keys.ed25519Id,
    expirationHours: Math.floor(content.publishedMs / HOUR_MS) + CROSS_CERT_HOURS,
  });
  return [
    `onion-key\n${pemText('RSA PUBLIC KEY', keys.tapOnionKey)}`,
    `signing-key\n${pemText('RSA PUBLIC KEY', keys.rsaIdentityKey)}`,
    `onion-key-crosscert\n${pemText('CROSSCERT', makeOnionKeyCrossCert(keys.tapOnionPrivateKey, identities))}`,
    `ntor-onion-key-crosscert ${cross.signBit}\n${pemText('ED25519 CERT', cross.bytes)}`,
    `ntor-onion-key ${encodeBase64(keys.ntorOnionKey)}\n`,
  ];
}

function roleLines(content: DescriptorContent, keys: DescriptorKeys): string[] {
  const own = encodeHex(rsaFingerprint(keys.rsaIdentityKey));
  const members = content.family
    .map((one) => one.replace('$', '').toUpperCase())
    .filter((one) => one !== own);
  const family = [...new Set(members)].sort().map((one) => `$${one}`);
  return [
    ...content.familyCerts.map((cert) => `family-cert\n${pemText('FAMILY CERT', cert)}`),
    family.length === 0 ? '' : `family ${family.join(' ')}\n`,
    content.isHiddenServiceDir ? 'hidden-service-dir\n' : '',
    content.contact === '' ? '' : `contact ${Buffer.from(content.contact, 'utf8').toString('latin1')}\n`,
  ];
}

/** The IPv4 part rule by rule, the IPv6 part by ports: a descriptor has no accept6. dir-spec, exit policy lines. */
function policyLines(policy: ExitPolicy): string[] {
  const rules = policy.rules.filter(
    ({ network }) => network.kind !== 'any6' && !(network.kind === 'net' && network.bytes.length === 16),
  );
  const asAny = (rule: PolicyRule): PolicyRule =>
    rule.network.kind === 'any4' ? { ...rule, network: { kind: 'any' } } : rule;
  const lines = rules.map((rule) => `${policyRuleText(asAny(rule))}\n`);
  const summary = summarizePolicy(policy, 6);
  return [
    ...(lines.length === 0 ? ['reject *:*\n'] : lines),
    isRejectAll(summary) ? '' : `ipv6-policy ${portSummaryText(summary)}\n`,
  ];
}

function overloadLine(overload: OverloadGeneral | undefined): string[] {
  if (overload === undefined) return [];
  const hourMs = Math.floor(overload.sinceMs / HOUR_MS) * HOUR_MS;
  return [`overload-general ${overload.version} ${timeText(hourMs)}\n`];
}
