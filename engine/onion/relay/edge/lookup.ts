import { addressText, readAddress } from '../../../codec/address.ts';
import type { ResolvedAnswer } from '../../cell/messages.ts';
import { TTL_SEC } from './edge-room.ts';

const IPV4_REVERSE = '.in-addr.arpa';
const IPV6_REVERSE = '.ip6.arpa';

/** What a RESOLVE asks for. */
export type LookupKind =
  | { readonly kind: 'literal'; readonly answer: ResolvedAnswer }
  | { readonly kind: 'reverse'; readonly address: string }
  | { readonly kind: 'name' }
  | { readonly kind: 'bad' };

/** tor-spec, "remote hostname lookup": names, literals, and names of the reverse trees. */
export function lookupKind(host: string): LookupKind {
  const bytes = readAddress(host);
  if (bytes !== undefined) {
    const kind = bytes.length === 4 ? 'ipv4' : 'ipv6';
    return { kind: 'literal', answer: { kind, value: addressText(bytes), ttlSec: TTL_SEC } };
  }
  const name = host.toLowerCase();
  if (name.endsWith(IPV4_REVERSE)) {
    const text = name.slice(0, -IPV4_REVERSE.length).split('.').reverse().join('.');
    return readAddress(text)?.length === 4 ? { kind: 'reverse', address: text } : { kind: 'bad' };
  }
  if (name.endsWith(IPV6_REVERSE)) return reverseIpv6(name.slice(0, -IPV6_REVERSE.length));
  return { kind: 'name' };
}

function reverseIpv6(nibbles: string): LookupKind {
  const digits = nibbles.split('.').reverse().join('');
  if (!/^[0-9a-f]{32}$/.test(digits) || nibbles.length !== 63) return { kind: 'bad' };
  const groups = digits.match(/.{4}/g)!.join(':');
  return { kind: 'reverse', address: addressText(readAddress(groups)!) };
}

/** Which families a BEGIN wants, as addresses in the order in which they are to be tried. */
export function pickAddresses(
  answers: readonly ResolvedAnswer[],
  wish: { readonly ipv6Ok: boolean; readonly ipv4NotOk: boolean; readonly ipv6Preferred: boolean },
): readonly string[] {
  const of = (kind: ResolvedAnswer['kind']): string[] =>
    answers.filter((answer) => answer.kind === kind).map(({ value }) => value);
  const ipv4 = wish.ipv4NotOk ? [] : of('ipv4');
  const ipv6 = wish.ipv6Ok ? of('ipv6') : [];
  return wish.ipv6Preferred ? [...ipv6, ...ipv4] : [...ipv4, ...ipv6];
}
