import { addressText, readIpv4, readIpv6 } from '../../codec/address.ts';
import { readUint32 } from '../../codec/big-endian.ts';
import type { ExitPolicy, PolicyNetwork, PolicyRule } from './policy-types.ts';
import { failure, type Result, success } from './result.ts';
import { excerpt, readInteger } from './text.ts';

/** Rules of one policy, after `private` and the like are spread out. */
export const POLICY_RULES_MAX = 1000;

/** What no relay may reach unless its operator says so: what `private` stands for. tor manual, ExitPolicy. */
export const PRIVATE_NETWORKS: readonly PolicyNetwork[] = [
  '0.0.0.0/8',
  '169.254.0.0/16',
  '127.0.0.0/8',
  '192.168.0.0/16',
  '10.0.0.0/8',
  '172.16.0.0/12',
  '[::]/8',
  '[fc00::]/7',
  '[fe80::]/10',
  '[fec0::]/10',
  '[ff00::]/8',
].map((text) => readNetwork(text)!);

/**
 * What is of no use on the public network beyond {@link PRIVATE_NETWORKS}: shared addresses of providers, networks for
 * measurements, and what is reserved. Nothing is connected there, and descriptors do not tell it. RFC 6890.
 */
export const SPECIAL_NETWORKS: readonly PolicyNetwork[] = [
  '100.64.0.0/10',
  '198.18.0.0/15',
  '240.0.0.0/4',
].map((text) => readNetwork(text)!);

/** Refuses everything: what an exit policy is when nobody asks for one. */
export const REJECT_EVERYTHING: ExitPolicy = { rules: [rule(false, { kind: 'any' }, 1, 65535)] };

/** The ports of `ReducedExitPolicy`: what people use, without mail and file sharing. tor manual. */
const REDUCED_PORTS =
  '20-21 22 23 43 53 79 80-81 88 110 143 194 220 389 443 464 465 531 543-544 554 563 587 636 706 749 873 ' +
  '902-904 981 989-990 991 992 993 994 995 1194 1220 1293 1500 1533 1677 1723 1755 1863 2082 2083 2086-2087 ' +
  '2095-2096 2102-2104 3128 3389 3690 4321 4643 5050 5190 5222-5223 5228 5900 6660-6669 6679 6697 8000 8008 ' +
  '8074 8080 8082 8087-8088 8232-8233 8332-8333 8443 8888 9418 9999 10000 11371 18080-18081 18089 19294 19638 50002 64738';

/** The reduced policy, without the refusal of private addresses, which {@link buildExitPolicy} puts before it. */
export const REDUCED_POLICY: readonly string[] = [
  ...REDUCED_PORTS.split(' ').map((ports) => `accept *:${ports}`),
  'reject *:*',
];

function rule(isAccept: boolean, network: PolicyNetwork, portLow: number, portHigh: number): PolicyRule {
  return { isAccept, network, portLow, portHigh };
}

/**
 * Reads one rule as in a descriptor or a torrc: `accept *:80`, `reject private:*`, `accept *4:1-1023`,
 * `reject6 [2001:db8::]/32:*`. One with `private` becomes several. dir-spec and tor manual, ExitPolicy.
 */
export function parsePolicyRule(text: string): Result<readonly PolicyRule[]> {
  const words = text.trim().split(/\s+/, 3);
  const verb = /^(accept|reject)(6?)$/.exec(words[0]?.toLowerCase() ?? '');
  if (verb === null || words.length !== 2)
    return failure(`“${excerpt(text)}” is not accept or reject and one address`);
  const isAccept = verb[1] === 'accept';
  const colon = words[1]!.endsWith(']') ? -1 : words[1]!.lastIndexOf(':');
  const ports = readPorts(colon < 0 ? '*' : words[1]!.slice(colon + 1));
  if (ports === undefined) return failure(`“${excerpt(text)}” has no ports of 1 to 65535`);
  const address = colon < 0 ? words[1]! : words[1]!.slice(0, colon);
  const networks = address.toLowerCase() === 'private' ? PRIVATE_NETWORKS : [readNetwork(address)];
  const rules: PolicyRule[] = [];
  for (const network of networks) {
    if (network === undefined) return failure(`“${excerpt(address)}” is no address or network`);
    const narrowed = verb[2] === '6' ? onlyIpv6(network) : network;
    if (narrowed !== undefined) rules.push(rule(isAccept, narrowed, ports[0], ports[1]));
  }
  if (rules.length === 0) return failure(`“${excerpt(text)}” is about IPv6 and names an IPv4 address`);
  return success(rules);
}

function onlyIpv6(network: PolicyNetwork): PolicyNetwork | undefined {
  if (network.kind === 'any' || network.kind === 'any6') return { kind: 'any6' };
  return network.kind === 'net' && network.bytes.length === 16 ? network : undefined;
}

function readPorts(text: string): readonly [number, number] | undefined {
  if (text === '*') return [1, 65535];
  const dash = text.indexOf('-');
  const low = readInteger(dash < 0 ? text : text.slice(0, dash), 65535);
  const high = dash < 0 ? low : readInteger(text.slice(dash + 1), 65535);
  if (low === undefined || high === undefined || low > high || high < 1) return undefined;
  // Old programs write 0-65535 for all ports; there is no port 0 to reach.
  return [Math.max(low, 1), high];
}

/** `*`, `*4`, `*6`, an address, or a network with a prefix length or an IPv4 mask. */
function readNetwork(text: string): PolicyNetwork | undefined {
  if (text === '*') return { kind: 'any' };
  if (text === '*4') return { kind: 'any4' };
  if (text === '*6') return { kind: 'any6' };
  const slash = text.indexOf('/');
  const host = slash < 0 ? text : text.slice(0, slash);
  const isIpv6 = host.includes(':');
  const bare = isIpv6 && host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
  const bytes = isIpv6 ? readIpv6(bare) : readIpv4(bare);
  if (bytes === undefined) return undefined;
  const bits = slash < 0 ? bytes.length * 8 : readPrefix(text.slice(slash + 1), bytes.length * 8);
  if (bits === undefined) return undefined;
  for (let at = 0; at < bytes.length; at++) bytes[at]! &= 0xff00 >> Math.min(Math.max(bits - at * 8, 0), 8);
  return { kind: 'net', bytes, prefixBits: bits };
}

function readPrefix(text: string, bitsMax: number): number | undefined {
  const mask = bitsMax === 32 ? readIpv4(text) : undefined;
  if (mask === undefined) return readInteger(text, bitsMax);
  const value = readUint32(mask, 0);
  const bits = Math.clz32(~value >>> 0);
  return value === (bits === 0 ? 0 : (0xffffffff << (32 - bits)) >>> 0) ? bits : undefined;
}

/** The rule as it stands in a descriptor; `*` where an address of the other family cannot be meant. */
export function policyRuleText(policyRule: PolicyRule): string {
  const { network, portLow, portHigh } = policyRule;
  const ports =
    portLow === 1 && portHigh === 65535
      ? '*'
      : portLow === portHigh
        ? `${portLow}`
        : `${portLow}-${portHigh}`;
  return `${policyRule.isAccept ? 'accept' : 'reject'} ${networkText(network)}:${ports}`;
}

function networkText(network: PolicyNetwork): string {
  if (network.kind !== 'net') return { any: '*', any4: '*4', any6: '*6' }[network.kind];
  const host = addressText(network.bytes);
  const text = network.bytes.length === 16 ? `[${host}]` : host;
  return network.prefixBits === network.bytes.length * 8 ? text : `${text}/${network.prefixBits}`;
}

/** What the operator of a relay says about its exit policy. */
export interface ExitPolicyOptions {
  /** Whether it is an exit at all; false gives reject *:*. */
  readonly isExit: boolean;
  /** Lines of `ExitPolicy`, each one rule; several may be joined by commas. Behind them comes `reject *:*`. */
  readonly rules: readonly string[];
  /** Puts the reduced policy behind `rules`. */
  readonly isReduced: boolean;
  /** Private addresses may be reached, as in a test network on loopback. */
  readonly allowPrivate: boolean;
  /** Addresses may be IPv6. */
  readonly allowIpv6: boolean;
  /** Literal addresses of the relay itself, refused with the private ones. */
  readonly ownAddresses: readonly string[];
}

/** The policy of a relay of ours. Private addresses are refused first; what no rule names is refused. */
export function buildExitPolicy(options: ExitPolicyOptions): Result<ExitPolicy> {
  if (!options.isExit) return success(REJECT_EVERYTHING);
  const rules: PolicyRule[] = [];
  if (!options.allowIpv6) rules.push(rule(false, { kind: 'any6' }, 1, 65535));
  if (!options.allowPrivate) {
    const own = options.ownAddresses.map((address) => readNetwork(address));
    for (const network of [...PRIVATE_NETWORKS, ...own]) {
      if (network !== undefined) rules.push(rule(false, network, 1, 65535));
    }
  }
  const lines = options.rules.flatMap((line) => line.split(','));
  for (const line of [...lines, ...(options.isReduced ? REDUCED_POLICY : [])]) {
    const parsed = parsePolicyRule(line);
    if (!parsed.ok) return parsed;
    rules.push(...parsed.value);
    if (rules.length > POLICY_RULES_MAX)
      return failure(`the exit policy has more than ${POLICY_RULES_MAX} rules`);
  }
  const last = rules.findIndex(
    (one) => one.network.kind === 'any' && one.portLow === 1 && one.portHigh === 65535,
  );
  if (last >= 0) return success({ rules: rules.slice(0, last + 1) });
  return success({ rules: [...rules, ...REJECT_EVERYTHING.rules] });
}
