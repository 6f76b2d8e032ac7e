import { type as osType } from 'node:os';
import { VERSION } from '../../codec/version.ts';
import {
  buildServerDescriptor,
  type DescriptorContent,
  type DescriptorKeys,
  OWN_PROTOCOLS,
} from '../../onion/directory/descriptor-build.ts';
import type { OverloadGeneral, ServerDescriptor } from '../../onion/directory/descriptor-types.ts';
import { policyRuleText } from '../../onion/directory/exit-policy.ts';
import { buildExtraInfo } from '../../onion/directory/extra-info.ts';
import { type Result, success } from '../../onion/directory/result.ts';
import { parseServerDescriptor } from '../../onion/directory/server-descriptor.ts';
import { encodeHex } from '../../onion/directory/text.ts';
import type { RelayConfig } from './config.ts';
import type { IdentityKeys } from './identity-keys.ts';
import type { OnionKeys } from './onion-keys.ts';

/** What a relay without a limit says: more than any machine moves today. C tor: 1 GiB/s. */
const UNLIMITED_BYTES_PER_SEC = 2 ** 30;

/** What changes while a relay runs and others must know. */
export interface RelayStatus {
  readonly identity: IdentityKeys;
  readonly onionKeys: OnionKeys;
  readonly isHibernating: boolean;
  readonly observedBytesPerSec: number;
  readonly overload: OverloadGeneral | undefined;
  /** Lines of statistics for extra-info. */
  readonly historyLines: readonly string[];
  readonly uptimeSeconds: number;
}

/** Both documents of a relay, signed. */
export interface RelayDocuments {
  readonly descriptor: Uint8Array;
  readonly extraInfo: Uint8Array;
  /** The descriptor as others will read it. */
  readonly parsed: ServerDescriptor;
}

/**
 * All that others act on but bandwidth and times, as text: when it changes, there is something to publish. Holds
 * nothing secret.
 */
export function descriptorEssence(config: RelayConfig, status: RelayStatus): string {
  const { nickname, contact, address, orPort, family } = config.words;
  return JSON.stringify([
    nickname,
    contact,
    address,
    orPort,
    config.ipv6?.reached,
    family,
    config.rate ?? 'unlimited',
    config.exitPolicy.rules.map(policyRuleText),
    encodeHex(status.identity.signing.cert),
    encodeHex(status.onionKeys.ntorPublicKey),
    status.isHibernating,
    // One overload is news, that it goes on is not.
    status.overload !== undefined,
  ]);
}

/** Signs what the relay has to say of itself; fails when it would not be understood. */
export function makeDocuments(
  config: RelayConfig,
  status: RelayStatus,
  nowMs: number,
): Result<RelayDocuments> {
  const { identity, onionKeys } = status;
  const keys: DescriptorKeys = {
    rsaIdentityPrivateKey: identity.rsaPrivateKey,
    signingCert: identity.signing.cert,
    signingSeed: identity.signing.seed,
    rsaIdentityKey: identity.rsaPublicKey,
    ed25519Id: identity.ed25519Id,
    tapOnionKey: onionKeys.tapPublicKey,
    tapOnionPrivateKey: onionKeys.tapPrivateKey,
    ntorOnionKey: onionKeys.ntorPublicKey,
    ntorOnionPrivateKey: onionKeys.ntorPrivateKey,
  };
  const extraInfo = buildExtraInfo(
    {
      nickname: config.words.nickname,
      fingerprint: encodeHex(identity.fingerprint),
      publishedMs: nowMs,
      lines: status.historyLines,
    },
    keys,
  );
  if (!extraInfo.ok) return extraInfo;
  const content = contentOf(config, status, nowMs);
  const descriptor = buildServerDescriptor({ ...content, extraInfoDigest: extraInfo.value.digest }, keys);
  if (!descriptor.ok) return descriptor;
  const parsed = parseServerDescriptor(descriptor.value, nowMs);
  if (!parsed.ok) return parsed;
  return success({ descriptor: descriptor.value, extraInfo: extraInfo.value.bytes, parsed: parsed.value });
}

function contentOf(config: RelayConfig, status: RelayStatus, nowMs: number): DescriptorContent {
  const { nickname, contact, address, orPort, family } = config.words;
  const { bytesPerSec = UNLIMITED_BYTES_PER_SEC, burstBytes = UNLIMITED_BYTES_PER_SEC } = config.rate ?? {};
  return {
    nickname,
    host: address,
    orPort,
    dirPort: 0,
    ipv6: config.ipv6?.reached,
    platform: `Allium ${VERSION} on ${osType()}`,
    protocols: OWN_PROTOCOLS,
    publishedMs: nowMs,
    uptimeSeconds: status.uptimeSeconds,
    bandwidth: {
      rateBytesPerSec: bytesPerSec,
      burstBytesPerSec: burstBytes,
      observedBytesPerSec: Math.min(status.observedBytesPerSec, bytesPerSec),
    },
    policy: config.exitPolicy,
    family,
    familyCerts: [],
    contact,
    isHibernating: status.isHibernating,
    isHiddenServiceDir: false,
    isTunnelledDirServer: true,
    cachesExtraInfo: false,
    extraInfoDigest: undefined,
    overloadGeneral: status.overload,
  };
}
