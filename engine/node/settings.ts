import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import * as v from 'valibot';
import { parseEndpoint } from '../codec/endpoint.ts';
import { AlliumError } from '../codec/error.ts';
import { fileError } from '../runtime/real/file-error.ts';
import { JOBS } from '../society/roles/jobs.ts';
import { parseWishes } from './roles/wishes.ts';

const MIB = 1024 * 1024;

const folder = v.pipe(
  v.string(),
  v.minLength(1, 'give a folder'),
  v.transform((path) => resolve(path)),
);
const whole = (min: number, max: number) =>
  v.pipe(
    v.number(),
    v.integer('give a whole number'),
    v.minValue(min, `give at least ${min}`),
    v.maxValue(max, `give at most ${max}`),
  );

const endpoint = v.pipe(
  v.string(),
  v.check((text) => parseEndpoint(text) !== undefined, 'give HOST:PORT'),
);
const wordsOf = (text: string): string[] => text.split(/[\s,]+/).filter((word) => word !== '');

/** What a node can be told. Every key has a default, so an empty object is a valid answer. */
const schema = v.strictObject({
  /** Where the node keeps its memory. */
  state: folder,
  /** Where downloads are saved. */
  downloads: folder,
  /** Torrent files put here are added. */
  watch: v.union([v.literal(false), folder], 'give a folder or false'),
  /** Address to listen on for peers. */
  host: v.pipe(v.string(), v.ip('give an IP address')),
  /** Port to listen on for peers; 0: any free one; “auto”: the first free one of 6881 to 6889 (BEP 3). */
  port: v.union([v.literal('auto'), whole(0, 65_535)], 'give a port from 0 to 65535, or auto'),
  /** Port of the page and of remote controls; “auto”: the first free one from 8090 on; false: neither. */
  statusPort: v.union(
    [v.literal('auto'), v.literal(false), whole(0, 65_535)],
    'give a port from 0 to 65535, auto or false',
  ),
  /** Address that page and remote controls listen on; anything but loopback asks for a password. */
  remoteHost: v.pipe(v.string(), v.ip('give an IP address')),
  /** Who may sign in. */
  remoteUser: v.pipe(v.string(), v.regex(/^[^:\p{Cc}]{1,100}$/u, 'give a name without colons')),
  /** Of that user; false: none on loopback, and elsewhere the one that was made at the first start. */
  remotePassword: v.union(
    [v.literal(false), v.pipe(v.string(), v.minLength(8), v.maxLength(200))],
    'give 8 to 200 letters, or false',
  ),
  /** Names, beside localhost and addresses, under which page and remote controls may be asked for. */
  remoteNames: v.union(
    [v.array(v.string()), v.pipe(v.string(), v.transform(wordsOf))],
    'give names, several with commas between',
  ),
  /** Memory that payload lives in, in bytes. */
  memory: whole(16 * MIB, 64 * 1024 * MIB),
  /** Threads that hash. */
  threads: whole(1, 256),
  /** Event loops that send to peers; 1: the node's own, more: so many threads beside it. */
  shards: whole(1, 32),
  /** Connections with peers, of all torrents together. */
  connections: whole(1, 100_000),
  /** Peers of one torrent served at once; 0: all. */
  slots: whole(0, 10_000),
  /** Jobs to ask for (`exit`), to forbid (`-tracker`) or to leave to the node (`=relay`). */
  jobs: v.pipe(
    v.union([v.array(v.string()), v.pipe(v.string(), v.transform(wordsOf))]),
    v.check(
      (words) => parseWishes(words) !== undefined,
      `give names out of ${JOBS.join(', ')}, with - in front to forbid one`,
    ),
  ),
  /** Contact the trackers of the torrents. */
  trackers: v.boolean(),
  /** Use the DHT; it begins with the nodes below and with those saved before, and without any there is none. */
  dht: v.boolean(),
  /** Nodes of the DHT to begin with, HOST:PORT each. */
  dhtBootstrap: v.union(
    [v.array(endpoint), v.pipe(v.string(), v.transform(wordsOf), v.array(endpoint))],
    'give HOST:PORT, several with commas between',
  ),
  /** Exchange peers with peers (BEP 11). */
  pex: v.boolean(),
  /** Look for peers on the local network (BEP 14). */
  lsd: v.boolean(),
  /** Download from the web seeds that a torrent names (BEP 19, 17). */
  webSeeds: v.boolean(),
  /** Of connections with peers: off, prefer or require. */
  encryption: v.picklist(['off', 'prefer', 'require'], 'give off, prefer or require'),
  /** A proxy, such as socks5://127.0.0.1:1080; false: none. */
  proxy: v.union([v.literal(false), v.pipe(v.string(), v.minLength(1))], 'give an address or false'),
  /** Let nothing leave outside the proxy. */
  proxyOnly: v.boolean(),
  /** The interface or address that every socket is bound to; false: any. */
  bind: v.union([v.literal(false), v.pipe(v.string(), v.minLength(1))], 'give an interface or false'),
  /** A file of addresses not to talk to; false: none. */
  blocklist: v.union([v.literal(false), folder], 'give a file or false'),
  /** How long at most until a piece is safe from a power cut, in seconds. */
  saveInterval: whole(1, 3_600),
  log: v.picklist(['debug', 'info', 'warn', 'error', 'silent']),
});

/** The settings of a node, complete and checked. */
export type NodeSettings = v.InferOutput<typeof schema>;
/** Some settings, not yet checked. */
export type PartialSettings = Readonly<Partial<Record<keyof NodeSettings, unknown>>>;

/** The ports that “auto” tries. */
export const AUTO_PORTS = {
  peers: [6881, 6882, 6883, 6884, 6885, 6886, 6887, 6888, 6889],
  status: [8090, 8091, 8092, 8093, 8094, 8095, 8096, 8097, 8098, 8099],
} as const;

export const SETTING_NAMES = Object.keys(schema.entries) as (keyof NodeSettings)[];

/** The settings of a node that is told nothing. Data goes to `~/allium`, state where XDG wants it. */
export function defaultSettings(env: NodeJS.ProcessEnv, home: string, threads: number): NodeSettings {
  const data = env['XDG_DATA_HOME'];
  return {
    state: join(data !== undefined && data !== '' ? data : join(home, '.local', 'share'), 'allium'),
    downloads: join(home, 'allium', 'downloads'),
    watch: join(home, 'allium', 'watch'),
    host: '0.0.0.0',
    port: 'auto',
    statusPort: 'auto',
    remoteHost: '127.0.0.1',
    remoteUser: 'allium',
    remotePassword: false,
    remoteNames: [],
    memory: 256 * MIB,
    threads,
    shards: 1,
    connections: 2_000,
    slots: 4,
    jobs: [],
    trackers: true,
    dht: true,
    dhtBootstrap: [],
    pex: true,
    lsd: false,
    webSeeds: true,
    encryption: 'prefer',
    proxy: false,
    proxyOnly: false,
    bind: false,
    blocklist: false,
    saveInterval: 30,
    log: 'info',
  };
}

/**
 * Puts the settings together: defaults, then the settings file, then ALLIUM_… variables, then `flags`; the later
 * wins. Throws BAD_USAGE and names the setting and where it came from.
 */
export function resolveSettings(sources: {
  readonly flags: PartialSettings;
  readonly env: NodeJS.ProcessEnv;
  readonly threads: number;
  /** Path of a JSON file with settings. */
  readonly file?: string;
  readonly home?: string;
}): NodeSettings {
  const defaults = defaultSettings(sources.env, sources.home ?? homedir(), sources.threads);
  const fromFile = sources.file === undefined ? {} : readSettingsFile(sources.file);
  const fromEnv = settingsFromEnv(sources.env);
  check(fromFile, sources.file ?? '');
  check(fromEnv, 'the environment');
  check(sources.flags, 'the command line');
  return v.parse(schema, { ...defaults, ...fromFile, ...fromEnv, ...sources.flags });
}

/** `ALLIUM_STATUS_PORT` for `statusPort`. */
export function variableOf(name: string): string {
  return `ALLIUM_${name.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}

function settingsFromEnv(env: NodeJS.ProcessEnv): PartialSettings {
  const found = SETTING_NAMES.flatMap((name): [string, unknown][] => {
    const text = env[variableOf(name)];
    if (text === undefined || text === '') return [];
    return [[name, TEXTS.has(name) && text !== 'false' ? text : plainValue(text)]];
  });
  return Object.fromEntries(found);
}

/** Text even where it looks like a number. */
const TEXTS: ReadonlySet<keyof NodeSettings> = new Set(['remoteUser', 'remotePassword']);

/** The settings as they may be shown: without the password. */
export function shownSettings(settings: NodeSettings): NodeSettings {
  return settings.remotePassword === false ? settings : { ...settings, remotePassword: '(not shown)' };
}

/** Numbers and truth values as such, anything else as text. */
function plainValue(text: string): unknown {
  if (/^-?\d+$/.test(text)) return Number(text);
  if (text === 'true' || text === 'false') return text === 'true';
  return text;
}

function readSettingsFile(path: string): PartialSettings {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw fileError(error, 'read the settings in', path);
  }
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch {
    // Said below: it is no JSON object either way.
  }
  throw new AlliumError('BAD_USAGE', `the settings file ${path} does not hold one JSON object`, {
    advice: `Write it like { "port": 6881 }; the settings are ${SETTING_NAMES.join(', ')}.`,
  });
}

function check(some: PartialSettings, where: string): void {
  const result = v.safeParse(v.partial(schema), some);
  if (result.success) return;
  const issue = result.issues[0];
  const name = issue.path?.map(({ key }) => String(key)).join('.') ?? '';
  const unknown = !SETTING_NAMES.some((known) => known === name);
  throw new AlliumError(
    'BAD_USAGE',
    `the setting “${name}” from ${where} is ${unknown ? 'not known' : 'wrong'}`,
    {
      advice: unknown ? `The settings are ${SETTING_NAMES.join(', ')}.` : `${issue.message}.`,
      details: { setting: name },
    },
  );
}
