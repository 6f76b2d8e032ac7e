import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import * as v from 'valibot';
import { AlliumError } from '../../codec/error.ts';
import { parseSize } from '../../codec/units.ts';
import type { DirectoryAuthority } from '../../onion/directory/authority-types.ts';
import type { PathOptions } from '../../onion/path/network.ts';
import { type NodeSet, parseNodeSet } from '../../onion/path/node-set.ts';
import type { Endpoint } from '../../runtime/port.ts';
import { fileError } from '../../runtime/real/file-error.ts';
import { readAuthorities } from '../authorities.ts';

const MIB = 1024 * 1024;
const LOOPBACK = /^(127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\]|localhost):(\d{1,5})$/;

const whole = (min: number, max: number) => {
  const wrong = `give a whole number from ${min} to ${max}`;
  return v.pipe(v.number(wrong), v.integer(wrong), v.minValue(min, wrong), v.maxValue(max, wrong));
};
const yesNo = v.boolean('give true or false');
const path = v.pipe(v.string('give a path'), v.minLength(1, 'give a path'));
const wrongPlace = 'give an address of this machine and a port, such as "127.0.0.1:9050", or false';
const place = v.union([v.literal(false), v.pipe(v.string(), v.regex(LOOPBACK, wrongPlace))], wrongPlace);
const relays = v.pipe(
  v.array(v.string('give fingerprints, nicknames, addresses or networks')),
  v.maxLength(1000, 'give at most 1000'),
);
const wrongSize = 'give bytes from 32 MiB to 3 GiB, as a number or as text such as "128MiB"';
const memory = v.pipe(
  v.union([v.string(), v.number()], wrongSize),
  v.transform((value) => (typeof value === 'number' ? value : (parseSize(value) ?? Number.NaN))),
  v.number(wrongSize),
  v.integer(wrongSize),
  v.minValue(32 * MIB, wrongSize),
  v.maxValue(3072 * MIB, wrongSize),
);

/** What an onion client can be told. Every key but the authorities has a default. */
const schema = v.strictObject({
  /** Whose word counts: DirAuthority lines, or a file with one on each line. */
  authorities: v.optional(
    v.union(
      [path, v.array(v.string('give DirAuthority lines'))],
      'give a file or a list of DirAuthority lines',
    ),
    [],
  ),
  /** Folder for guards and documents, for this user alone. */
  dataDir: v.optional(path),
  /** Where programs ask by SOCKS5. */
  socks: v.optional(place, '127.0.0.1:9050'),
  /** Where programs ask by HTTP CONNECT. */
  httpConnect: v.optional(place, false),
  /** Where the state can be read as JSON. It shows circuits to every user of this machine. */
  status: v.optional(place, false),
  /** Programs at the proxy at once. */
  connections: v.optional(whole(1, 60_000), 1024),
  /** Circuits at once. */
  circuits: v.optional(whole(8, 4096), 256),
  /** Memory that cells live in. */
  memory: v.optional(memory, 128 * MIB),
  /** Also keep streams to different hosts, or ports, on different circuits. */
  isolateDestinationHost: v.optional(yesNo, false),
  isolateDestinationPort: v.optional(yesNo, false),
  /** Relays by fingerprint, nickname, address or network. */
  excludeNodes: v.optional(relays, []),
  excludeExitNodes: v.optional(relays, []),
  exitNodes: v.optional(relays, []),
  entryNodes: v.optional(relays, []),
  middleNodes: v.optional(relays, []),
  /** Congestion control and Counter Galois Onion where relays have them. */
  congestionControl: v.optional(yesNo, true),
  cgo: v.optional(yesNo, true),
  /** Reach the first relays over IPv6: no, where they have it, or only so. */
  ipv6: v.optional(v.picklist(['no', 'prefer', 'only'], 'give "no", "prefer" or "only"'), 'no'),
  /** Keep circuits ready before they are asked for. */
  preBuild: v.optional(yesNo, true),
  /** Seconds that a stream may take to open. */
  streamTimeout: v.optional(whole(5, 3600), 120),
  /** For networks of tests only: all relays on one subnet, destinations on private addresses. */
  testNetwork: v.optional(yesNo, false),
  log: v.optional(v.picklist(['debug', 'info', 'warn', 'error', 'silent']), 'info'),
});

/** The words of a configuration, with defaults filled in: what `--print-config` shows. */
export type OnionClientWords = v.InferOutput<typeof schema> & { readonly dataDir: string };
/** Some words, not yet checked. */
export type PartialOnionWords = Readonly<Partial<Record<keyof OnionClientWords, unknown>>>;

export const ONION_CLIENT_KEYS = Object.keys(schema.entries) as (keyof OnionClientWords)[];

/** What an onion client is to do, complete and checked. */
export interface OnionClientConfig {
  readonly words: OnionClientWords;
  readonly authorities: readonly DirectoryAuthority[];
  readonly socks: Endpoint | undefined;
  readonly httpConnect: Endpoint | undefined;
  readonly status: Endpoint | undefined;
  readonly paths: PathOptions;
}

/**
 * Defaults, then the configuration file, then `flags`; the later wins. Paths of the file begin at its folder. Throws
 * BAD_USAGE and says what is wrong where, or the file system's errors. There is no built-in network.
 */
export function resolveOnionClient(sources: {
  readonly flags: PartialOnionWords;
  readonly env: NodeJS.ProcessEnv;
  /** Path of a JSON file. */
  readonly file?: string;
  readonly home?: string;
}): OnionClientConfig {
  const { file, flags, env } = sources;
  const fromFile = file === undefined ? {} : readConfigFile(file);
  const named = check(fromFile, file ?? '');
  check(flags, 'the command line');
  const fileFolder = file === undefined ? process.cwd() : dirname(resolve(file));
  const inFile = {
    ...fromFile,
    ...(named.dataDir === undefined ? {} : { dataDir: resolve(fileFolder, named.dataDir) }),
    ...(typeof named.authorities === 'string' ? { authorities: resolve(fileFolder, named.authorities) } : {}),
  };
  const merged = v.parse(schema, { ...inFile, ...flags });
  const home = sources.home ?? homedir();
  const words = { ...merged, dataDir: resolve(merged.dataDir ?? defaultFolder(env, home)) };
  const where = file ?? 'the command line';
  if (words.socks === false && words.httpConnect === false) {
    throw wrong(where, 'socks', 'nobody could use this client: give at least one of socks and httpConnect');
  }
  return {
    words,
    authorities: readAuthorities(words.authorities, where, { wrong, none: noAuthority }),
    socks: endpointOf(words.socks, 'socks', where),
    httpConnect: endpointOf(words.httpConnect, 'httpConnect', where),
    status: endpointOf(words.status, 'status', where),
    paths: {
      enforceDistinctSubnets: !words.testNetwork,
      excludeNodes: nodeSet(words, 'excludeNodes', where),
      excludeExitNodes: nodeSet(words, 'excludeExitNodes', where),
      exitNodes: nodeSet(words, 'exitNodes', where),
      entryNodes: nodeSet(words, 'entryNodes', where),
      middleNodes: nodeSet(words, 'middleNodes', where),
    },
  };
}

function defaultFolder(env: NodeJS.ProcessEnv, home: string): string {
  const data = env['XDG_DATA_HOME'];
  return join(data !== undefined && data !== '' ? data : join(home, '.local', 'share'), 'allium-onion');
}

function noAuthority(source: string): AlliumError {
  return new AlliumError('BAD_USAGE', 'no directory authority of an onion network is named', {
    advice:
      'There is no built-in network: give the DirAuthority lines of yours, with their v3ident, by --authority or under "authorities" in the configuration.',
    details: { source },
  });
}

function endpointOf(text: string | false, key: string, where: string): Endpoint | undefined {
  if (text === false) return undefined;
  const [, host = '', port] = LOOPBACK.exec(text) ?? [];
  if (Number(port) > 65_535) throw wrong(where, key, 'give a port from 0 to 65535');
  return { host: host === 'localhost' ? '127.0.0.1' : host.replaceAll(/[[\]]/g, ''), port: Number(port) };
}

type NodeSetKey = 'excludeNodes' | 'excludeExitNodes' | 'exitNodes' | 'entryNodes' | 'middleNodes';

function nodeSet(words: OnionClientWords, key: NodeSetKey, where: string): NodeSet {
  const parsed = parseNodeSet(words[key]);
  if (!parsed.ok) throw wrong(where, key, parsed.reason);
  return parsed.value;
}

function readConfigFile(file: string): object {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw fileError(error, 'read the configuration in', file);
  }
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch {
    // Said below: it is no JSON object either way.
  }
  throw new AlliumError('BAD_USAGE', `the configuration file ${file} does not hold one JSON object`, {
    advice: `Write it like { "socks": "127.0.0.1:9050" }; the keys are ${ONION_CLIENT_KEYS.join(', ')}.`,
    details: { file },
  });
}

function check(some: object, where: string): v.InferOutput<typeof schema> {
  const result = v.safeParse(schema, some);
  if (result.success) return result.output;
  const issue = result.issues[0];
  const key = issue.path?.map((part) => String(part.key)).join('.') ?? '';
  if (ONION_CLIENT_KEYS.some((known) => known === key.split('.')[0])) throw wrong(where, key, issue.message);
  throw new AlliumError('BAD_USAGE', `the key “${key}” in ${where} is not known`, {
    advice: `The keys are ${ONION_CLIENT_KEYS.join(', ')}.`,
    details: { key },
  });
}

function wrong(where: string, key: string, advice: string): AlliumError {
  const more = advice.charAt(0).toUpperCase() + advice.slice(1);
  return new AlliumError('BAD_USAGE', `“${key}” in ${where} is wrong`, {
    advice: `${more}.`,
    details: { key },
  });
}
