import type { Endpoint } from '../../runtime/port.ts';

/** The text of an IPv4 (4 bytes) or IPv6 (16 bytes, RFC 5952) address; undefined for another length. */
export function addressText(bytes: Uint8Array): string | undefined {
  if (bytes.length === 4) return bytes.join('.');
  return bytes.length === 16 ? ipv6Text(bytes) : undefined;
}

/** Whether text is a literal IPv4 or IPv6 address: a name is nothing to connect to on a stranger's word. */
export function isLiteralAddress(text: string): boolean {
  return isIpv4(text) || isIpv6(text);
}

/**
 * Endpoints in compact form (BEP 23: 4 + 2 bytes, BEP 7: 16 + 2), at most `countMax`. What cannot be connected to
 * (port 0, no address, many addresses at once) and a piece at the end that is no whole endpoint are left out.
 */
export function compactEndpoints(bytes: Uint8Array, addressBytes: 4 | 16, countMax: number): Endpoint[] {
  const endpoints: Endpoint[] = [];
  const step = addressBytes + 2;
  for (let at = 0; at + step <= bytes.length && endpoints.length < countMax; at += step) {
    const address = bytes.subarray(at, at + addressBytes);
    const port = (bytes[at + addressBytes]! << 8) | bytes[at + addressBytes + 1]!;
    if (port !== 0 && isReachable(address)) endpoints.push({ host: addressText(address)!, port });
  }
  return endpoints;
}

/** Not the unspecified address, not multicast, not broadcast. */
function isReachable(address: Uint8Array): boolean {
  if (address.length === 4) return address[0] !== 0 && address[0]! < 224;
  return address[0] !== 0xff && address.some((byte) => byte !== 0);
}

function ipv6Text(bytes: Uint8Array): string {
  const groups = Array.from({ length: 8 }, (_, index) => (bytes[index * 2]! << 8) | bytes[index * 2 + 1]!);
  let longest = { start: -1, length: 1 };
  for (let start = 0; start < 8; start++) {
    let end = start;
    while (end < 8 && groups[end] === 0) end++;
    if (end - start > longest.length) longest = { start, length: end - start };
  }
  const text = (list: readonly number[]): string => list.map((group) => group.toString(16)).join(':');
  if (longest.start < 0) return text(groups);
  return `${text(groups.slice(0, longest.start))}::${text(groups.slice(longest.start + longest.length))}`;
}

function isIpv4(text: string): boolean {
  const parts = text.split('.');
  return parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255);
}

function isIpv6(text: string): boolean {
  const halves = text.split('::');
  if (halves.length > 2 || text.length > 45) return false;
  let groups = 0;
  for (const [half, part] of halves.entries()) {
    if (part === '') continue;
    const list = part.split(':');
    for (const [index, group] of list.entries()) {
      const isLast = half === halves.length - 1 && index === list.length - 1;
      if (isLast && group.includes('.')) {
        if (!isIpv4(group)) return false;
        groups += 2;
      } else if (/^[0-9a-f]{1,4}$/i.test(group)) groups++;
      else return false;
    }
  }
  return halves.length === 2 ? groups < 8 : groups === 8;
}
