import { readAddress } from '../../codec/address.ts';
import { PRIVATE_NETWORKS, SPECIAL_NETWORKS } from './exit-policy.ts';
import type { ExitPolicy, PolicyNetwork, PolicyRule } from './policy-types.ts';

/** Whether the network holds an address of 4 or 16 bytes. */
export function networkHolds(network: PolicyNetwork, address: Uint8Array): boolean {
  if (network.kind === 'any') return true;
  if (network.kind !== 'net') return address.length === (network.kind === 'any4' ? 4 : 16);
  if (network.bytes.length !== address.length) return false;
  const whole = network.prefixBits >> 3;
  for (let at = 0; at < whole; at++) if (network.bytes[at] !== address[at]) return false;
  const left = network.prefixBits & 7;
  return left === 0 || ((network.bytes[whole]! ^ address[whole]!) & (0xff00 >> left) & 0xff) === 0;
}

/** IPv4 inside of IPv6 (::ffff:a.b.c.d) is judged as IPv4 too: it leads to the same machine. RFC 4291. */
function mappedIpv4(address: Uint8Array): Uint8Array | undefined {
  if (address.length !== 16 || address[10] !== 0xff || address[11] !== 0xff) return undefined;
  for (let at = 0; at < 10; at++) if (address[at] !== 0) return undefined;
  return address.subarray(12);
}

/** What 6to4 (2002::/16) leads to: the IPv4 address behind the prefix. RFC 3056. */
function sixToFourIpv4(address: Uint8Array): Uint8Array | undefined {
  return address.length === 16 && address[0] === 0x20 && address[1] === 0x02
    ? address.subarray(2, 6)
    : undefined;
}

/**
 * Whether it is an address (4 or 16 bytes) of no use on the public network: loopback, link-local, RFC 1918 and the
 * like, or 6to4 that leads to one. NAT64 (64:ff9b::/96) and IPv4 inside of IPv6 lie in ::/8, which is private as a
 * whole.
 */
export function isPrivateAddress(address: Uint8Array): boolean {
  const inside = sixToFourIpv4(address);
  if (inside !== undefined && isPrivateAddress(inside)) return true;
  const holds = (network: PolicyNetwork): boolean => networkHolds(network, address);
  return PRIVATE_NETWORKS.some(holds) || SPECIAL_NETWORKS.some(holds);
}

function holds(rule: PolicyRule, address: Uint8Array, port: number): boolean {
  return port >= rule.portLow && port <= rule.portHigh && networkHolds(rule.network, address);
}

/**
 * Whether the policy lets a stream out to this address (4 or 16 bytes) and port. Port 0 never; where no rule fits,
 * the answer is accept, as dir-spec has it: policies of our own always end with a rule for all.
 */
export function policyAllows(policy: ExitPolicy, address: Uint8Array, port: number): boolean {
  if (port < 1 || port > 65535) return false;
  const inside = mappedIpv4(address);
  if (inside !== undefined && !policyAllows(policy, inside, port)) return false;
  return policy.rules.find((rule) => holds(rule, address, port))?.isAccept ?? true;
}

/** As {@link policyAllows}, for a literal address; false when it is none. */
export function policyAllowsText(policy: ExitPolicy, host: string, port: number): boolean {
  const address = readAddress(host);
  return address !== undefined && policyAllows(policy, address, port);
}

/** Whether nothing at all is let out: the policy of a relay that is no exit. */
export function policyRejectsAll(policy: ExitPolicy): boolean {
  for (const { isAccept, network, portLow, portHigh } of policy.rules) {
    if (isAccept) return false;
    if (network.kind === 'any' && portLow <= 1 && portHigh === 65535) return true;
  }
  return false;
}

/**
 * Whether a name that is not resolved yet could lead to an address that the policy lets out on this port: false only
 * when it refuses the port for all.
 */
export function policyMayAllowPort(policy: ExitPolicy, port: number): boolean {
  for (const rule of policy.rules) {
    if (port < rule.portLow || port > rule.portHigh) continue;
    if (rule.isAccept) return true;
    if (rule.network.kind === 'any') return false;
  }
  return true;
}
