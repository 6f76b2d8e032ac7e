/** The eight groups of a literal IPv6 address; undefined when it is none. */
export function ipv6Groups(host: string): readonly number[] | undefined {
  const halves = host.split('::');
  if (halves.length > 2) return undefined;
  const head = groupsOf(halves[0]!);
  const tail = groupsOf(halves[1] ?? '');
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  return [...head, ...new Array<number>(missing).fill(0), ...tail];
}

function groupsOf(part: string): number[] | undefined {
  if (part === '') return [];
  const groups: number[] = [];
  for (const word of part.split(':')) {
    const bytes = word.includes('.') ? ipv4Bytes(word) : undefined;
    if (bytes !== undefined) groups.push(bytes[0]! * 256 + bytes[1]!, bytes[2]! * 256 + bytes[3]!);
    else if (/^[0-9a-f]{1,4}$/i.test(word)) groups.push(Number.parseInt(word, 16));
    else return undefined;
  }
  return groups;
}

/** The four bytes of a literal IPv4 address; undefined when it is none. */
export function ipv4Bytes(host: string): readonly number[] | undefined {
  const words = host.split('.');
  if (words.length !== 4 || !words.every((word) => /^\d{1,3}$/.test(word) && Number(word) < 256))
    return undefined;
  return words.map(Number);
}

/** The /16 of an IPv4 address as a number; −1 when it is none. path-spec: no two hops of a path in one of them. */
export function subnet4(host: string): number {
  const bytes = ipv4Bytes(host);
  return bytes === undefined ? -1 : bytes[0]! * 256 + bytes[1]!;
}

/** The /32 of an IPv6 address as a number; −1 when it is none. */
export function subnet6(host: string | undefined): number {
  const groups = host === undefined ? undefined : ipv6Groups(host);
  return groups === undefined ? -1 : groups[0]! * 65_536 + groups[1]!;
}

/** An address as bits, for comparing with a network; undefined when it is no literal address. */
export function addressBits(host: string): { readonly bits: bigint; readonly width: 32 | 128 } | undefined {
  const four = ipv4Bytes(host);
  if (four !== undefined)
    return { bits: four.reduce((bits, byte) => bits * 256n + BigInt(byte), 0n), width: 32 };
  const six = ipv6Groups(host);
  if (six === undefined) return undefined;
  return { bits: six.reduce((bits, group) => bits * 65_536n + BigInt(group), 0n), width: 128 };
}
