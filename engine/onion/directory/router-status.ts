import { addressText, readIpv4 } from '../../codec/address.ts';
import { readHostPort } from '../address.ts';
import { readTime } from '../time.ts';
import { type ConsensusFlavour, RELAY_FLAGS, type RelayFlag, type RouterStatus } from './consensus-types.ts';
import type { LineReader } from './line-reader.ts';
import type { PortSummary } from './policy-types.ts';
import { parsePortSummary } from './port-summary.ts';
import { NO_PROTOCOLS, type Protocols, parseProtocols } from './protocols.ts';
import {
  decodeBase64,
  detached,
  encodeBase64,
  encodeHex,
  isNickname,
  readInteger,
  readPort,
} from './text.ts';

/** The fields of a status while its lines are read. */
type Draft = { -readonly [Key in keyof RouterStatus]: RouterStatus[Key] };

/**
 * Reads the entries of relays in a consensus. Many relays have the same line of flags, versions or protocols: each is
 * understood once and shared. dir-spec, router status entry.
 */
export class RouterStatusReader {
  readonly #flavour: ConsensusFlavour;
  readonly #flags = new Map<string, number>();
  readonly #versions = new Map<string, string>();
  readonly #protocols = new Map<string, Protocols>();
  readonly #policies = new Map<string, PortSummary | undefined>();

  constructor(flavour: ConsensusFlavour) {
    this.#flavour = flavour;
  }

  /**
   * Reads one entry; the reader stands on its `r` line and then on the first line behind the entry. `more` is false
   * when the document ended. Undefined for an entry that cannot be understood: it is to be left out.
   */
  read(lines: LineReader): { readonly status: RouterStatus | undefined; readonly more: boolean } {
    let draft = this.#begin(lines);
    let more = lines.next();
    while (more && lines.keyword !== 'r' && lines.keyword !== 'directory-footer') {
      if (draft !== undefined && !this.#take(draft, lines)) draft = undefined;
      more = lines.next();
    }
    if (draft !== undefined && this.#flavour === 'microdesc' && draft.microdescDigest === undefined) {
      draft = undefined;
    }
    return { status: draft, more };
  }

  #begin(lines: LineReader): Draft | undefined {
    const words = lines.words(9);
    const isNs = this.#flavour === 'ns';
    const at = isNs ? 3 : 2;
    const identity = decodeBase64(words[1] ?? '', 20);
    const digest = isNs ? decodeBase64(words[2] ?? '', 20) : undefined;
    const publishedMs = readTime(words[at], words[at + 1]);
    const address = readIpv4(words[at + 2] ?? '');
    const orPort = readPort(words[at + 3]);
    const dirPort = readPort(words[at + 4]);
    const nickname = words[0] ?? '';
    if (identity === undefined || (isNs && digest === undefined) || publishedMs === undefined)
      return undefined;
    if (address === undefined || orPort === undefined || dirPort === undefined) return undefined;
    if (!isNickname(nickname)) return undefined;
    return {
      nickname: detached(nickname),
      fingerprint: encodeHex(identity),
      descriptorDigest: digest === undefined ? undefined : encodeHex(digest),
      microdescDigest: undefined,
      publishedMs,
      host: addressText(address),
      orPort,
      dirPort,
      ipv6: undefined,
      flags: 0,
      version: '',
      protocols: NO_PROTOCOLS,
      bandwidthKb: 0,
      isUnmeasured: false,
      policy: undefined,
    };
  }

  /** One line of the entry; false when it makes the entry worthless. Keywords of later versions are passed over. */
  #take(draft: Draft, lines: LineReader): boolean {
    switch (lines.keyword) {
      case 's':
        draft.flags = recall(this.#flags, lines.rest, readFlags);
        return true;
      case 'v':
        draft.version = recall(this.#versions, lines.rest, detached);
        return true;
      case 'pr':
        draft.protocols = recall(this.#protocols, lines.rest, readProtocols);
        return true;
      case 'w':
        return takeBandwidth(draft, lines.words(8));
      case 'p':
        draft.policy = recall(this.#policies, lines.rest, readPolicy);
        return draft.policy !== undefined;
      case 'm': {
        const digest = decodeBase64(lines.words(2)[0] ?? '', 32);
        if (this.#flavour !== 'microdesc') return true;
        draft.microdescDigest = digest === undefined ? undefined : encodeBase64(digest);
        return digest !== undefined;
      }
      case 'a':
        draft.ipv6 ??= readIpv6Endpoint(lines.words(2)[0] ?? '');
        return true;
      default:
        return true;
    }
  }
}

function recall<T>(known: Map<string, T>, text: string, make: (text: string) => T): T {
  const old = known.get(text);
  if (old !== undefined) return old;
  const made = make(text);
  known.set(detached(text), made);
  return made;
}

function readFlags(text: string): number {
  let flags = 0;
  for (const word of text.split(' ')) {
    if (Object.hasOwn(RELAY_FLAGS, word)) flags |= RELAY_FLAGS[word as RelayFlag];
  }
  return flags;
}

function readProtocols(text: string): Protocols {
  const parsed = parseProtocols(text);
  return parsed.ok ? parsed.value : NO_PROTOCOLS;
}

function readPolicy(text: string): PortSummary | undefined {
  const parsed = parsePortSummary(text);
  return parsed.ok ? parsed.value : undefined;
}

function takeBandwidth(draft: Draft, words: readonly string[]): boolean {
  for (const word of words) {
    if (word.startsWith('Bandwidth=')) {
      const value = readInteger(word.slice(10), 0xffffffff);
      if (value === undefined) return false;
      draft.bandwidthKb = value;
    } else if (word === 'Unmeasured=1') draft.isUnmeasured = true;
  }
  return true;
}

/** An `a` line; undefined unless it has an IPv6 address. */
export function readIpv6Endpoint(text: string): { host: string; port: number } | undefined {
  const endpoint = text.startsWith('[') ? readHostPort(text) : undefined;
  return endpoint?.host.includes(':') === true ? endpoint : undefined;
}
