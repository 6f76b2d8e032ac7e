import { PRIVATE_NETWORKS } from './exit-policy.ts';
import { networkHolds } from './policy-check.ts';
import type { ExitPolicy, PolicyNetwork, PolicyRule, PortSummary } from './policy-types.ts';
import { joinRanges, portSummaryText } from './port-summary.ts';

/** A port counts as refused when more than this share of all addresses is: two networks of 8 bits. dir-spec, `p`. */
const REFUSED_SHARE_MAX = 2 ** -7;
/** dir-spec: a summary has at most 1,000 characters. */
const TEXT_LENGTH_MAX = 1000;

/**
 * What a policy comes to for one family of addresses when only ports are looked at: a port is let out when an accept
 * rule for all addresses comes before rules that refuse a good part of them. Private networks do not count.
 * dir-spec, `p` and `ipv6-policy`.
 */
export function summarizePolicy(policy: ExitPolicy, family: 4 | 6): PortSummary {
  const rules = policy.rules.filter(({ network }) => concerns(network, family) && !isPrivate(network));
  const starts = new Set([1]);
  for (const { portLow, portHigh } of rules) {
    starts.add(portLow);
    if (portHigh < 65535) starts.add(portHigh + 1);
  }
  const edges = [...starts].sort((a, b) => a - b);
  const accepted: [number, number][] = [];
  const refused: [number, number][] = [];
  for (const [index, low] of edges.entries()) {
    const high = (edges[index + 1] ?? 65536) - 1;
    (isPortAccepted(rules, low) ? accepted : refused).push([low, high]);
  }
  return shorter(joinRanges(accepted), joinRanges(refused));
}

function isPortAccepted(rules: readonly PolicyRule[], port: number): boolean {
  let refusedShare = 0;
  for (const { isAccept, network, portLow, portHigh } of rules) {
    if (port < portLow || port > portHigh) continue;
    const share = network.kind === 'net' ? 2 ** -network.prefixBits : 1;
    if (!isAccept) refusedShare += share;
    else if (share === 1) return refusedShare <= REFUSED_SHARE_MAX;
    if (refusedShare > REFUSED_SHARE_MAX) return false;
  }
  // Nothing fits: accept, as for the policy itself.
  return true;
}

function shorter(accepted: number[], refused: number[]): PortSummary {
  if (refused.length === 0) return { isAccept: true, ranges: [1, 65535] };
  if (accepted.length === 0) return { isAccept: false, ranges: [1, 65535] };
  const accept: PortSummary = { isAccept: true, ranges: accepted };
  const reject: PortSummary = { isAccept: false, ranges: refused };
  const [acceptLength, rejectLength] = [accept, reject].map((one) => portSummaryText(one).length);
  if (rejectLength! < acceptLength! && rejectLength! <= TEXT_LENGTH_MAX) return reject;
  // Too long either way: ports left out of the list of accepted ones are merely not used.
  while (portSummaryText(accept).length > TEXT_LENGTH_MAX) accepted.length -= 2;
  return accept;
}

function concerns(network: PolicyNetwork, family: 4 | 6): boolean {
  if (network.kind === 'any') return true;
  if (network.kind === 'net') return network.bytes.length === (family === 4 ? 4 : 16);
  return network.kind === (family === 4 ? 'any4' : 'any6');
}

function isPrivate(network: PolicyNetwork): boolean {
  if (network.kind !== 'net') return false;
  return PRIVATE_NETWORKS.some(
    (one) => one.kind === 'net' && one.prefixBits <= network.prefixBits && networkHolds(one, network.bytes),
  );
}
