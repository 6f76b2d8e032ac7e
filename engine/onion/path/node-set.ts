import { failure, type Result, success } from '../directory/result.ts';
import { addressBits } from './subnet.ts';

/** What of a relay a {@link NodeSet} looks at. */
export interface NamedRelay {
  /** 40 upper-case hex digits. */
  readonly fingerprint: string;
  readonly nickname: string;
  readonly host: string;
  readonly ipv6: { readonly host: string } | undefined;
}

interface Network {
  readonly bits: bigint;
  readonly width: 32 | 128;
  readonly shift: bigint;
}

/** Relays as a configuration names them: ExcludeNodes, ExitNodes, EntryNodes, MiddleNodes and the like. */
export interface NodeSet {
  readonly isEmpty: boolean;
  has(relay: NamedRelay): boolean;
}

/**
 * Reads a list of fingerprints (40 hex digits, `$` in front or not), nicknames, addresses and networks
 * (`10.0.0.0/8`, `[2001:db8::]/32`). The reason names the word that is none of them.
 */
export function parseNodeSet(words: readonly string[]): Result<NodeSet> {
  const fingerprints = new Set<string>();
  const nicknames = new Set<string>();
  const networks: Network[] = [];
  for (const word of words) {
    const network = parseNetwork(word);
    if (network !== undefined) networks.push(network);
    else if (/^\$?[0-9a-f]{40}$/i.test(word)) fingerprints.add(word.replace('$', '').toUpperCase());
    else if (/^[a-z0-9]{1,19}$/i.test(word)) nicknames.add(word.toLowerCase());
    else return failure(`“${word}” is neither a fingerprint nor a nickname nor an address or network`);
  }
  const has = (relay: NamedRelay): boolean =>
    fingerprints.has(relay.fingerprint) ||
    nicknames.has(relay.nickname.toLowerCase()) ||
    (networks.length > 0 && [relay.host, relay.ipv6?.host].some((host) => isInside(host, networks)));
  return success({ isEmpty: words.length === 0, has });
}

/** The set without members. */
export const NO_NODES: NodeSet = { isEmpty: true, has: () => false };

function parseNetwork(word: string): Network | undefined {
  const [host = '', prefix] = word.split('/', 2);
  const address = addressBits(host.replace(/^\[|\]$/g, ''));
  if (address === undefined || (prefix !== undefined && !/^\d{1,3}$/.test(prefix))) return undefined;
  const prefixBits = prefix === undefined ? address.width : Number(prefix);
  if (prefixBits > address.width) return undefined;
  const shift = BigInt(address.width - prefixBits);
  return { bits: address.bits >> shift, width: address.width, shift };
}

function isInside(host: string | undefined, networks: readonly Network[]): boolean {
  const address = host === undefined ? undefined : addressBits(host);
  if (address === undefined) return false;
  return networks.some(({ bits, width, shift }) => width === address.width && address.bits >> shift === bits);
}
