import { generateKeyPair } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { peerPath } from '../peers.ts';
import { RunningProgram } from '../program.ts';
import type { TorNodePlan } from './node.ts';

const IDENTITY_BITS = 2048;

/** What everybody who trusts an authority must know of it. */
export interface AuthorityKeys {
  /** SHA-1 of its voting identity, 40 capital hexadecimal digits. */
  readonly v3Ident: string;
  /** SHA-1 of its RSA identity as a relay. */
  readonly fingerprint: string;
}

/** Makes the folder of an authority with its voting keys (tor-gencert) and its identity as a relay (tor). */
export async function makeAuthorityKeys(plan: TorNodePlan): Promise<AuthorityKeys> {
  const keys = join(plan.dataDir, 'keys');
  await mkdir(keys, { recursive: true, mode: 0o700 });
  const certificate = join(keys, 'authority_certificate');
  const [v3Ident, fingerprint] = await Promise.all([
    makeVotingKeys(plan, keys, certificate),
    makeIdentity(plan),
  ]);
  return { v3Ident, fingerprint };
}

async function makeVotingKeys(plan: TorNodePlan, keys: string, certificate: string): Promise<string> {
  const identity = join(keys, 'authority_identity_key');
  // tor-gencert would make one of 3072 bits, which takes seconds; nobody asks for that length.
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: IDENTITY_BITS });
  await writeFile(identity, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  const words = ['--passphrase-fd', '0', '-m', '12', '-a', `127.0.0.1:${plan.dirPort}`, '-i', identity];
  words.push('-s', join(keys, 'authority_signing_key'), '-c', certificate);
  await run(peerPath('tor-gencert'), words, 'no passphrase\n');
  return capture(await readFile(certificate, 'utf8'), /^fingerprint ([0-9A-F]{40})$/m);
}

async function makeIdentity(plan: TorNodePlan): Promise<string> {
  const empty = await emptyFile(plan.dataDir);
  const words = ['--quiet', '--defaults-torrc', empty, '-f', empty, '--list-fingerprint'];
  words.push('--DataDirectory', plan.dataDir, '--Nickname', plan.name, '--ORPort', '1');
  // Any authority that does not exist: none of the built-in ones is ever spoken to.
  words.push('--DirAuthority', `none 127.0.0.1:1 ${'F'.repeat(40)}`);
  await run(peerPath('tor'), words, '');
  return (await readIdentity(plan)).fingerprint;
}

/** The identities of a relay that has run once. */
export async function readIdentity(plan: TorNodePlan): Promise<{ fingerprint: string; ed25519: string }> {
  const word = async (file: string): Promise<string> =>
    (await readFile(join(plan.dataDir, file), 'utf8')).trim().split(' ')[1] ?? '';
  return { fingerprint: await word('fingerprint'), ed25519: await word('fingerprint-ed25519') };
}

/** A configuration file with nothing in it, in place of the system's; tor takes no device for one. */
export async function emptyFile(folder: string): Promise<string> {
  const path = join(folder, 'empty');
  await writeFile(path, '');
  return path;
}

/** `nickname orport=… v3ident=… address:dirport fingerprint`: the value of a DirAuthority option. */
export function dirAuthorityLine(plan: TorNodePlan, keys: AuthorityKeys): string {
  const ports = `orport=${plan.orPort} v3ident=${keys.v3Ident} 127.0.0.1:${plan.dirPort}`;
  return `${plan.name} ${ports} ${keys.fingerprint}`;
}

async function run(path: string, words: readonly string[], input: string): Promise<string> {
  const program = new RunningProgram(path, words);
  program.child.stdin?.end(input);
  const code = await program.ended;
  if (code !== 0) throw new Error(`${path} ended with ${code}: ${program.stderr}${program.stdout}`);
  return program.stdout;
}

function capture(text: string, pattern: RegExp): string {
  const found = pattern.exec(text)?.[1];
  if (found === undefined) throw new Error(`no ${pattern} in ${text}`);
  return found;
}
