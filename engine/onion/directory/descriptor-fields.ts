import { addressText, readIpv4 } from '../../codec/address.ts';
import { readTime } from '../time.ts';
import type {
  DescribedBandwidth,
  ExtraInfoDigest,
  OverloadGeneral,
  ServerDescriptor,
} from './descriptor-types.ts';
import { POLICY_RULES_MAX, parsePolicyRule } from './exit-policy.ts';
import { readFamily } from './family.ts';
import type { Items } from './items.ts';
import type { ExitPolicy, PolicyRule } from './policy-types.ts';
import { parsePortSummary, REJECT_ALL } from './port-summary.ts';
import { parseProtocols } from './protocols.ts';
import { failure, type Result, success } from './result.ts';
import { readIpv6Endpoint } from './router-status.ts';
import {
  decodeBase64,
  encodeBase64,
  isNickname,
  readableText,
  readFingerprint,
  readInteger,
  readPort,
} from './text.ts';

/** What a descriptor says that is neither a key nor a signature. */
export type Described = Omit<
  ServerDescriptor,
  | 'fingerprint'
  | 'identityKey'
  | 'ed25519Id'
  | 'ed25519SigningKey'
  | 'certsExpireMs'
  | 'tapOnionKey'
  | 'ntorOnionKey'
  | 'familyIds'
  | 'digest'
  | 'text'
>;

/** Reads all lines of a descriptor but keys and signatures. */
export function readDescribed(items: Items): Result<Described> {
  const [nickname = '', host = '', orText, , dirText] = items.one('router').words;
  const address = readIpv4(host);
  const [orPort, dirPort] = [readPort(orText), readPort(dirText)];
  if (!isNickname(nickname)) return failure('the nickname is not 1 to 19 letters and digits');
  if (address === undefined || orPort === undefined || dirPort === undefined) {
    return failure('the line “router” has no IPv4 address and ports');
  }
  const publishedMs = readTime(items.one('published').words[0], items.one('published').words[1]);
  if (publishedMs === undefined) return failure('the line “published” has no time');
  const bandwidth = readBandwidth(items.one('bandwidth').words);
  if (bandwidth === undefined) return failure('the line “bandwidth” has no three numbers');
  const protocols = parseProtocols(items.one('proto').rest);
  if (!protocols.ok) return protocols;
  const policy = readPolicy(items);
  if (!policy.ok) return policy;
  const policy6 = items.first('ipv6-policy');
  const summary = policy6 === undefined ? success(REJECT_ALL) : parsePortSummary(policy6.rest);
  if (!summary.ok) return summary;
  return success({
    nickname,
    host: addressText(address),
    orPort,
    dirPort,
    ipv6: items
      .all('or-address')
      .map((item) => readIpv6Endpoint(item.words[0]!))
      .find((one) => one !== undefined),
    platform: readableText(items.first('platform')?.rest ?? ''),
    protocols: protocols.value,
    publishedMs,
    uptimeSeconds: readInteger(items.first('uptime')?.words[0], Number.MAX_SAFE_INTEGER) ?? 0,
    bandwidth,
    policy: policy.value,
    policy6: summary.value,
    family: readFamily(items.first('family')?.words ?? []),
    contact: readableText(items.first('contact')?.rest ?? ''),
    isHiddenServiceDir: items.has('hidden-service-dir'),
    cachesExtraInfo: items.has('caches-extra-info'),
    isTunnelledDirServer: items.has('tunnelled-dir-server'),
    extraInfoDigest: readExtraInfoDigest(items),
    overloadGeneral: readOverload(items),
  });
}

function readBandwidth(words: readonly string[]): DescribedBandwidth | undefined {
  const [rate, burst, observed] = words.map((word) => readInteger(word, Number.MAX_SAFE_INTEGER));
  if (rate === undefined || burst === undefined || observed === undefined) return undefined;
  return { rateBytesPerSec: rate, burstBytesPerSec: burst, observedBytesPerSec: observed };
}

function readPolicy(items: Items): Result<ExitPolicy> {
  const rules: PolicyRule[] = [];
  for (const { keyword, rest } of items.ordered) {
    if (keyword !== 'accept' && keyword !== 'reject') continue;
    const parsed = parsePolicyRule(`${keyword} ${rest}`);
    if (!parsed.ok) return parsed;
    rules.push(...parsed.value);
    if (rules.length > POLICY_RULES_MAX)
      return failure(`the exit policy has more than ${POLICY_RULES_MAX} rules`);
  }
  return rules.length === 0 ? failure('it has no exit policy') : success({ rules });
}

function readExtraInfoDigest(items: Items): ExtraInfoDigest | undefined {
  const [first, second] = items.first('extra-info-digest')?.words ?? [];
  const sha1 = readFingerprint(first);
  if (sha1 === undefined) return undefined;
  const sha256 = second === undefined ? undefined : decodeBase64(second, 32);
  return { sha1, sha256: sha256 === undefined ? undefined : encodeBase64(sha256) };
}

function readOverload(items: Items): OverloadGeneral | undefined {
  const [versionText, date, clock] = items.first('overload-general')?.words ?? [];
  const version = readInteger(versionText, 1000);
  const sinceMs = readTime(date, clock);
  return version === undefined || sinceMs === undefined ? undefined : { version, sinceMs };
}
