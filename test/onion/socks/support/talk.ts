import type { Negotiation, NegotiationStep } from '../../../../engine/onion/socks/negotiation.ts';

type Parts = readonly (number | string)[];

/** Numbers are bytes, texts one byte for each character. */
export function bytesOf(parts: Parts): Uint8Array {
  return Uint8Array.from(
    parts.flatMap((part) =>
      typeof part === 'number' ? [part] : Array.from(part, (character) => character.charCodeAt(0)),
    ),
  );
}

/** A SOCKS5 request for a stream to a name. */
export function socksRequest(host: string, port: number): number[] {
  return [...bytesOf([5, 1, 0, 3, host.length, host, port >> 8, port & 255])];
}

export interface Talk {
  readonly last: NegotiationStep;
  /** All answers, one behind the other. */
  readonly reply: Uint8Array;
  /** Of all bytes. */
  readonly used: number;
}

/** Hands messages over one after the other, as a connection would: what is not used comes again with the next. */
export function converse(negotiation: Negotiation, ...messages: readonly (Parts | Uint8Array)[]): Talk {
  const replies: number[] = [];
  let rest: Uint8Array = new Uint8Array(0);
  let used = 0;
  let last: NegotiationStep = { kind: 'more', used: 0, reply: rest };
  for (const message of messages) {
    const bytes = message instanceof Uint8Array ? message : bytesOf(message);
    rest = Uint8Array.of(...rest, ...bytes);
    last = negotiation.take(rest);
    replies.push(...last.reply);
    used += last.used;
    rest = rest.slice(last.used);
    if (last.kind !== 'more') break;
  }
  return { last, reply: Uint8Array.from(replies), used };
}
