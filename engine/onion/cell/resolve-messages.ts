import { bad, type Decoded, good } from './decoded.ts';
import { FieldReader, join } from './fields.ts';
import { ADDRESS_TYPE, hostBytes, hostText, ttlBytes } from './host.ts';
import type { ResolvedAnswer } from './messages.ts';
import { asciiText } from './stream-messages.ts';

const HOST_BYTES_MAX = 255;

export function encodeResolve(host: string): Uint8Array {
  return new TextEncoder().encode(`${host}\0`);
}

/** RELAY_RESOLVE: a name, an address, or one of the reverse names below `in-addr.arpa` and `ip6.arpa`. */
export function decodeResolve(data: Uint8Array): Decoded<string> {
  const end = data.indexOf(0);
  if (end < 0) return bad('short');
  if (end > HOST_BYTES_MAX) return bad('too-long');
  const host = asciiText(data.subarray(0, end));
  return host === undefined || host === '' ? bad('bad-address') : good(host);
}

/** RELAY_RESOLVED. Literals that are none are left out. */
export function encodeResolved(answers: readonly ResolvedAnswer[]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const answer of answers) {
    const value = valueBytes(answer);
    if (value === undefined) continue;
    parts.push(Uint8Array.of(typeOf(answer.kind), value.length), value, ttlBytes(answer.ttlSec));
  }
  return join(...parts);
}

/** RELAY_RESOLVED. tor-spec, "remote hostname lookup". Answers of unknown types are left out. */
export function decodeResolved(data: Uint8Array): Decoded<readonly ResolvedAnswer[]> {
  const reader = new FieldReader(data);
  const answers: ResolvedAnswer[] = [];
  while (reader.left > 0) {
    const type = reader.uint8();
    const value = reader.bytes(reader.uint8());
    const ttlSec = reader.uint32();
    if (reader.short) return bad('short');
    const answer = answerOf(type, value, ttlSec);
    if (answer === 'bad') return bad('bad-address');
    if (answer !== undefined) answers.push(answer);
  }
  return good(answers);
}

function answerOf(type: number, value: Uint8Array, ttlSec: number): ResolvedAnswer | undefined | 'bad' {
  switch (type) {
    case ADDRESS_TYPE.name: {
      const name = asciiText(value);
      return name === undefined || name === '' ? 'bad' : { kind: 'name', value: name, ttlSec };
    }
    case ADDRESS_TYPE.ipv4:
      return value.length === 4 ? { kind: 'ipv4', value: hostText(value), ttlSec } : 'bad';
    case ADDRESS_TYPE.ipv6:
      return value.length === 16 ? { kind: 'ipv6', value: hostText(value), ttlSec } : 'bad';
    case ADDRESS_TYPE.errorTransient:
      return { kind: 'error-transient', value: '', ttlSec };
    case ADDRESS_TYPE.error:
      return { kind: 'error', value: '', ttlSec };
    default:
      return undefined;
  }
}

function typeOf(kind: ResolvedAnswer['kind']): number {
  return kind === 'error-transient' ? ADDRESS_TYPE.errorTransient : ADDRESS_TYPE[kind];
}

function valueBytes(answer: ResolvedAnswer): Uint8Array | undefined {
  if (answer.kind === 'error' || answer.kind === 'error-transient') return new Uint8Array(0);
  if (answer.kind === 'name') {
    const name = new TextEncoder().encode(answer.value);
    return name.length > HOST_BYTES_MAX ? undefined : name;
  }
  const bytes = hostBytes(answer.value);
  return bytes?.length === (answer.kind === 'ipv4' ? 4 : 16) ? bytes : undefined;
}
