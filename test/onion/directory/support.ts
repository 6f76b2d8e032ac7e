import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAuthorityCertificates } from '../../../engine/onion/directory/authority-cert.ts';
import type {
  AuthorityCertificate,
  DirectoryAuthority,
} from '../../../engine/onion/directory/authority-types.ts';
import { parseConsensus } from '../../../engine/onion/directory/consensus.ts';
import type { Consensus, ConsensusFlavour } from '../../../engine/onion/directory/consensus-types.ts';
import { parseDirAuthorities } from '../../../engine/onion/directory/dir-authority.ts';
import type { Result } from '../../../engine/onion/directory/result.ts';
import { PROJECT_ROOT } from '../../house/support/tree.ts';

/**
 * Documents of a private network of C tor 0.4.9.11: three authorities and three relays on the loopback, thrown away
 * afterwards.
 */
export function fixture(name: string): Uint8Array {
  return new Uint8Array(readFileSync(join(PROJECT_ROOT, 'test/onion/directory/fixtures', `${name}.txt`)));
}

export function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}

export function bytes(content: string): Uint8Array {
  return new Uint8Array(Buffer.from(content, 'latin1'));
}

/** The fixture with one piece of its text replaced; fails when that is not there. */
export function altered(name: string, from: string | RegExp, to: string): Uint8Array {
  const before = text(fixture(name));
  const after = before.replace(from, to);
  if (after === before) throw new Error(`${name} has nothing like ${from}`);
  return bytes(after);
}

/** The value; a failure fails the test with its reason. */
export function unwrap<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(result.reason);
  return result.value;
}

/** The reason; a success fails the test. */
export function reasonOf(result: Result<unknown>): string {
  if (result.ok) throw new Error('it should not have been accepted');
  return result.reason;
}

/** Two seconds after the consensus of the fixtures became valid. */
export const NOW_MS = Date.UTC(2026, 10, 22, 20, 16, 2);

export const authorities: readonly DirectoryAuthority[] = unwrap(
  parseDirAuthorities(text(fixture('authorities'))),
);

export const certificates: readonly AuthorityCertificate[] = parseAuthorityCertificates(
  fixture('certificates'),
).map(unwrap);

export function fixtureConsensus(flavour: ConsensusFlavour): Consensus {
  return unwrap(parseConsensus(fixture(`consensus-${flavour}`)));
}

/** A consensus of `count` relays made from the second relay of the fixture; the signatures are not of it. */
export function largeConsensus(flavour: ConsensusFlavour, count: number): Uint8Array {
  const whole = text(fixture(`consensus-${flavour}`));
  const first = whole.indexOf('\nr ') + 1;
  const entry = whole.slice(first, whole.indexOf('\nr ', first) + 1);
  const relays: string[] = [];
  for (let index = 0; index < count; index++) {
    const identity = Buffer.alloc(20, 7);
    identity.writeUInt32BE(index + 1, 0);
    const name = `r relay${index} ${identity.toString('base64').replaceAll('=', '')}`;
    relays.push(entry.replace(/^r \S+ \S+/, name).replace(/Bandwidth=\d+/, `Bandwidth=${index}`));
  }
  return bytes(whole.slice(0, first) + relays.join('') + whole.slice(whole.indexOf('directory-footer')));
}
