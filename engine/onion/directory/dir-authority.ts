import { addressText, readIpv4 } from '../../codec/address.ts';
import { readHostPort } from '../address.ts';
import type { DirectoryAuthority } from './authority-types.ts';
import { failure, type Result, success } from './result.ts';
import { excerpt, isNickname, readFingerprint, readPort } from './text.ts';

/** Authorities of one configuration. */
export const AUTHORITIES_MAX = 64;

/** What the words before the address can say. */
interface Options {
  orPort: number;
  v3ident: string | undefined;
  ipv6: DirectoryAuthority['ipv6'];
}

/**
 * Reads what follows `DirAuthority` in a torrc: `[nickname] [orport=P] [v3ident=HEX] [ipv6=[addr]:P] IP:DIRPORT FINGERPRINT`;
 * the fingerprint may have spaces, and `v6=` stands for `ipv6=`. tor manual, DirAuthority.
 */
export function parseDirAuthority(line: string): Result<DirectoryAuthority> {
  const words = line
    .trim()
    .replace(/^DirAuthority\s+/i, '')
    .split(/\s+/, 64);
  const at = words.findIndex((word) => /^[0-9.]+:\d+$/.test(word));
  if (at < 0) return failure(`“${excerpt(line)}” has no IPv4 address and DirPort, as in 203.0.113.5:80`);
  const place = readPlace(words[at]!);
  if (place === undefined) return failure(`“${excerpt(words[at]!)}” is no IPv4 address and port`);
  const fingerprint = readFingerprint(words.slice(at + 1).join(''));
  if (fingerprint === undefined)
    return failure(`“${excerpt(line)}” does not end with a fingerprint of 40 hex digits`);
  const nickname = at > 0 && isNickname(words[0]!) ? words[0]! : '';
  const options: Options = { orPort: 0, v3ident: undefined, ipv6: undefined };
  for (const word of words.slice(nickname === '' ? 0 : 1, at)) {
    const wrong = takeOption(options, word);
    if (wrong !== '') return failure(`“${excerpt(word)}” ${wrong}`);
  }
  return success({ nickname, host: place.host, dirPort: place.port, fingerprint, ...options });
}

/** Port 0: it has no DirPort. */
function readPlace(word: string): { host: string; port: number } | undefined {
  if (!word.endsWith(':0')) return readHostPort(word);
  const bytes = readIpv4(word.slice(0, -2));
  return bytes === undefined ? undefined : { host: addressText(bytes), port: 0 };
}

function takeOption(options: Options, word: string): string {
  const equals = word.indexOf('=');
  const value = word.slice(equals + 1);
  switch (equals < 0 ? word : word.slice(0, equals).toLowerCase()) {
    case 'orport':
      options.orPort = readPort(value) ?? 0;
      return options.orPort === 0 ? 'is no port' : '';
    case 'v3ident':
      options.v3ident = readFingerprint(value);
      return options.v3ident === undefined ? 'is no fingerprint of 40 hex digits' : '';
    case 'v6':
    case 'ipv6':
      options.ipv6 = readHostPort(value);
      return options.ipv6?.host.includes(':') === true
        ? ''
        : 'is no IPv6 address and port, as in [2001:db8::1]:443';
    default:
      // Words of other versions (weight=, bridge, no-v2 …) do not matter to us.
      return '';
  }
}

/** Reads several lines; empty ones and comments are passed over. The reason names the line. */
export function parseDirAuthorities(text: string): Result<readonly DirectoryAuthority[]> {
  const authorities: DirectoryAuthority[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '' || line.trim().startsWith('#')) continue;
    const parsed = parseDirAuthority(line);
    if (!parsed.ok) return failure(`line ${index + 1}: ${parsed.reason}`);
    const twin = authorities.find((one) => one.v3ident !== undefined && one.v3ident === parsed.value.v3ident);
    // Counted twice, one key could outvote the others.
    if (twin !== undefined)
      return failure(`line ${index + 1}: the v3ident of ${twin.nickname} a second time`);
    if (authorities.length >= AUTHORITIES_MAX) return failure(`more than ${AUTHORITIES_MAX} authorities`);
    authorities.push(parsed.value);
  }
  return success(authorities);
}

/** The line that {@link parseDirAuthority} reads, without the word `DirAuthority`. */
export function dirAuthorityText(authority: DirectoryAuthority): string {
  const { nickname, orPort, v3ident, ipv6 } = authority;
  const words = [
    nickname,
    orPort === 0 ? '' : `orport=${orPort}`,
    v3ident === undefined ? '' : `v3ident=${v3ident}`,
    ipv6 === undefined ? '' : `ipv6=[${ipv6.host}]:${ipv6.port}`,
    `${addressText(readIpv4(authority.host) ?? new Uint8Array(4))}:${authority.dirPort}`,
    authority.fingerprint,
  ];
  return words.filter((word) => word !== '').join(' ');
}
