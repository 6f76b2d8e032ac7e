import { addressText, readAddress } from '../../codec/address.ts';
import type { Endpoint } from '../port.ts';
import { NOTHING, type ProxyStep, type ProxyTalk } from './types.ts';

const VERSION = 5;
const METHOD = { none: 0, userPassword: 2 } as const;
const ADDRESS = { ipv4: 1, name: 3, ipv6: 4 } as const;
const COMMAND = { connect: 1, udpAssociate: 3 } as const;
const TEXT_BYTES_MAX = 255;

/** RFC 1928, section 6. */
const REPLIES: readonly string[] = [
  'it is done',
  'general failure',
  'not allowed by its rules',
  'network unreachable',
  'host unreachable',
  'connection refused',
  'it took too long',
  'it does not know the command',
  'it does not know this kind of address',
];

export interface Socks5TalkOptions {
  readonly command: keyof typeof COMMAND;
  /** Names are sent as they are: the proxy looks them up. */
  readonly to: Endpoint;
  readonly user?: string;
  readonly password?: string;
}

/** The client's side of SOCKS5 (RFC 1928) with user and password (RFC 1929). */
export class Socks5Talk implements ProxyTalk {
  private readonly options: Socks5TalkOptions;
  private state: 'method' | 'login' | 'reply' = 'method';

  constructor(options: Socks5TalkOptions) {
    this.options = options;
  }

  start(): Uint8Array {
    const { user } = this.options;
    if (user === undefined) return Uint8Array.of(VERSION, 1, METHOD.none);
    return Uint8Array.of(VERSION, 2, METHOD.none, METHOD.userPassword);
  }

  take(bytes: Uint8Array): ProxyStep {
    if (this.state === 'reply') return this.takeReply(bytes);
    if (bytes.length < 2) return MORE;
    if (bytes.length > 2) return refused('EPROXYPROTOCOL', 'it says more than it was asked');
    if (this.state === 'method') return this.takeMethod(bytes[0]!, bytes[1]!);
    if (bytes[1] !== 0) return refused('EPROXYLOGIN', 'it does not take this user and password');
    this.state = 'reply';
    return { kind: 'more', send: this.request() };
  }

  private takeMethod(version: number, method: number): ProxyStep {
    const { user, password } = this.options;
    if (version !== VERSION) return refused('EPROXYPROTOCOL', 'it does not speak SOCKS5');
    if (method === METHOD.none) {
      this.state = 'reply';
      return { kind: 'more', send: this.request() };
    }
    if (method !== METHOD.userPassword || user === undefined) {
      return refused('EPROXYLOGIN', 'it wants another way to log in');
    }
    this.state = 'login';
    const [name, secret] = [text(user), text(password ?? '')];
    return { kind: 'more', send: Uint8Array.of(1, name.length, ...name, secret.length, ...secret) };
  }

  private takeReply(bytes: Uint8Array): ProxyStep {
    const [version, code] = bytes;
    if (version !== undefined && version !== VERSION) return refused('EPROXYPROTOCOL', 'a strange answer');
    if (code === undefined) return MORE;
    if (code !== 0) return refused('EPROXYREFUSED', REPLIES[code] ?? `reply ${code}`);
    const address = readSocksAddress(bytes, 3);
    if (address === undefined) return MORE;
    if (address === 'malformed') return refused('EPROXYPROTOCOL', 'a strange address');
    return { kind: 'done', used: address.end, bound: address.endpoint };
  }

  private request(): Uint8Array {
    const { command, to } = this.options;
    return Uint8Array.of(VERSION, COMMAND[command], 0, ...socksAddress(to));
  }
}

const MORE: ProxyStep = { kind: 'more', send: NOTHING };

function refused(code: string, message: string): ProxyStep {
  return { kind: 'refused', refusal: { code, message } };
}

function text(words: string): Uint8Array {
  return new TextEncoder().encode(words).subarray(0, TEXT_BYTES_MAX);
}

/** Kind, address and port as SOCKS5 writes them. */
export function socksAddress({ host, port }: Endpoint): Uint8Array {
  const literal = readAddress(host);
  const ending = [port >> 8, port & 255];
  if (literal !== undefined) {
    return Uint8Array.of(literal.length === 4 ? ADDRESS.ipv4 : ADDRESS.ipv6, ...literal, ...ending);
  }
  const name = text(host);
  return Uint8Array.of(ADDRESS.name, name.length, ...name, ...ending);
}

/** The address whose kind is at `at`, and where it ends; undefined while it is not whole. */
export function readSocksAddress(
  bytes: Uint8Array,
  at: number,
): { readonly endpoint: Endpoint; readonly end: number } | 'malformed' | undefined {
  const kind = bytes[at];
  const first = bytes[at + 1];
  if (kind === undefined || first === undefined) return undefined;
  if (kind !== ADDRESS.ipv4 && kind !== ADDRESS.ipv6 && kind !== ADDRESS.name) return 'malformed';
  const start = kind === ADDRESS.name ? at + 2 : at + 1;
  const end = start + (kind === ADDRESS.name ? first : kind === ADDRESS.ipv4 ? 4 : 16);
  if (bytes.length < end + 2) return undefined;
  const raw = bytes.subarray(start, end);
  const host = kind === ADDRESS.name ? String.fromCharCode(...raw) : addressText(raw);
  return { endpoint: { host, port: (bytes[end]! << 8) | bytes[end + 1]! }, end: end + 2 };
}
