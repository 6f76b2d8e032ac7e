import { readAddress } from '../../../codec/address.ts';

/** First and last address of a range, 4 or 16 bytes each, both of one family. */
export interface AddressRange {
  readonly first: Uint8Array;
  readonly last: Uint8Array;
}

/** Access levels below this one are blocked (eMule's ipfilter.dat). */
const DAT_LEVEL_ALLOWED = 128;
const DAT_LINE = /^([0-9a-f:.]+)\s*-\s*([0-9a-f:.]+)\s*(?:,\s*(\d+)\s*(?:,.*)?)?$/i;
const CIDR_LINE = /^([0-9a-f:.]+)(?:\/(\d{1,3}))?$/i;
/** The description may hold anything, colons too; so may the addresses. The longest range at the end counts. */
const P2P_END = /([0-9a-f:.]{2,45})\s*-\s*([0-9a-f:.]{2,45})$/i;

/**
 * One line of a blocklist in whichever of its formats: `1.2.3.0 - 1.2.3.255 , 100 , text` (DAT), `text:1.2.3.0-1.2.3.9`
 * (P2P), `1.2.3.0/24` or a single address (CIDR), each with IPv6 as well. `none`: a comment, an empty line, or a
 * range that the list lets pass; `bad`: none of these.
 */
export function parseBlockLine(text: string): AddressRange | 'none' | 'bad' {
  const line = text.trim();
  if (line === '' || line.startsWith('#') || line.startsWith(';') || line.startsWith('//')) return 'none';
  const dat = DAT_LINE.exec(line);
  if (dat !== null) {
    if (dat[3] !== undefined && Number(dat[3]) >= DAT_LEVEL_ALLOWED) return 'none';
    const range = rangeOf(dat[1]!, dat[2]!);
    if (range !== undefined) return range;
  }
  const cidr = CIDR_LINE.exec(line);
  if (cidr !== null) return subnetOf(cidr[1]!, cidr[2]) ?? 'bad';
  return p2pRange(line) ?? 'bad';
}

function p2pRange(line: string): AddressRange | undefined {
  const end = P2P_END.exec(line);
  if (end === null) return undefined;
  // `Some text:2001:db8::-2001:db8::ff`: what belongs to the text is told by what is left being an address.
  let first = end[1]!;
  for (;;) {
    const range = rangeOf(first, end[2]!);
    if (range !== undefined) return range;
    const colon = first.indexOf(':');
    if (colon < 0) return undefined;
    first = first.slice(colon + 1);
  }
}

function rangeOf(first: string, last: string): AddressRange | undefined {
  const [from, to] = [address(first), address(last)];
  if (from === undefined || to === undefined || from.length !== to.length) return undefined;
  return Buffer.compare(from, to) <= 0 ? { first: from, last: to } : undefined;
}

function subnetOf(text: string, bits: string | undefined): AddressRange | undefined {
  const base = address(text);
  const length = bits === undefined ? (base?.length ?? 0) * 8 : Number(bits);
  if (base === undefined || length > base.length * 8) return undefined;
  const first = Uint8Array.from(base);
  const last = Uint8Array.from(base);
  for (let bit = length; bit < base.length * 8; bit++) {
    first[bit >> 3]! &= ~(0x80 >> (bit & 7));
    last[bit >> 3]! |= 0x80 >> (bit & 7);
  }
  return { first, last };
}

/** As `readAddress`, but these lists fill numbers up with zeros: `001.002.003.004`. */
function address(text: string): Uint8Array | undefined {
  return readAddress(text.includes(':') ? text : text.replace(/(^|\.)0+(?=\d)/g, '$1'));
}
