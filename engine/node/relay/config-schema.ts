import * as v from 'valibot';
import { parseSize } from '../../codec/units.ts';

const GIB = 1024 ** 3;
/** An exit policy that nobody has to write down. */
export const REDUCED = 'reduced';
/** More threads than this help on no machine. */
const SHARDS_MAX = 64;

const whole = (min: number, max: number) =>
  v.pipe(
    v.number(`give a whole number from ${min} to ${max}`),
    v.integer('give a whole number'),
    v.minValue(min, `give at least ${min}`),
    v.maxValue(max, `give at most ${max}`),
  );

/** Bytes: a number, or text such as "16MiB". */
const size = (minText: string, max: number) => {
  const wrong = 'give bytes, as a number or as text such as "16MiB"';
  return v.pipe(
    v.union([v.string(), v.number()], wrong),
    v.transform((value) => (typeof value === 'number' ? value : (parseSize(value) ?? Number.NaN))),
    v.number(wrong),
    v.integer(wrong),
    v.minValue(parseSize(minText) ?? 0, `give at least ${minText}`),
    v.maxValue(max, 'that is more than there can be'),
  );
};

const line = (what: string, max: number) =>
  v.pipe(
    v.string(`give ${what} as text`),
    v.maxLength(max, `give at most ${max} characters`),
    v.check((text) => !/\p{Cc}/u.test(text), 'leave out line breaks and control characters'),
  );

const path = v.pipe(v.string('give a path'), v.minLength(1, 'give a path'));
const fingerprint = v.pipe(
  v.string('give fingerprints of 40 hex digits'),
  v.regex(/^\$?[0-9a-fA-F]{40}$/, 'give fingerprints of 40 hex digits, with or without $ in front'),
);

const dos = v.strictObject({
  isCircuitDefenceOn: v.optional(v.boolean()),
  circuitConnectionsMin: v.optional(whole(1, 1_000_000)),
  circuitsPerSec: v.optional(whole(1, 1_000_000)),
  circuitBurst: v.optional(whole(1, 1_000_000)),
  circuitRefuseMs: v.optional(whole(0, 2 ** 31 - 1)),
  circuitOverflowsMax: v.optional(whole(0, 1_000_000)),
  isConnectionDefenceOn: v.optional(v.boolean()),
  connectionsMax: v.optional(whole(1, 1_000_000)),
  connectsPerSec: v.optional(whole(1, 1_000_000)),
  connectBurst: v.optional(whole(1, 1_000_000)),
  connectRefuseMs: v.optional(whole(0, 2 ** 31 - 1)),
  isStreamDefenceOn: v.optional(v.boolean()),
  isStreamFloodClosed: v.optional(v.boolean()),
  streamsPerSec: v.optional(whole(1, 1_000_000)),
  streamBurst: v.optional(whole(1, 1_000_000)),
});

const accounting = v.strictObject({
  /** Bytes of a period. */
  max: size('1MiB', Number.MAX_SAFE_INTEGER),
  /** What counts: the greater of both directions, one of them, or their sum. */
  rule: v.optional(v.picklist(['max', 'sum', 'in', 'out'], 'give max, sum, in or out'), 'max'),
  period: v.optional(v.picklist(['day', 'week', 'month'], 'give day, week or month'), 'month'),
  /** Of a month 1 … 28, of a week 1 (Monday) … 7. */
  startDay: v.optional(whole(1, 28), 1),
  /** HH:MM, UTC. */
  startTime: v.optional(
    v.pipe(v.string(), v.regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'give a time of day such as "06:30" (UTC)')),
    '00:00',
  ),
});

/** The configuration file of a relay, key by key. What is not optional has no sensible default. */
export const relayConfigSchema = v.strictObject({
  /** What others call it: 1 to 19 letters and digits. */
  nickname: v.pipe(
    v.string('give a name'),
    v.regex(/^[0-9A-Za-z]{1,19}$/, 'give 1 to 19 letters and digits'),
  ),
  /** How its operator can be reached; everybody can read it. */
  contact: v.optional(line('a way to reach you', 256), ''),
  /** IPv4 address by which others reach it. */
  address: v.pipe(v.string('give an IPv4 address'), v.ipv4('give an IPv4 address, such as "203.0.113.5"')),
  /** Port by which others reach it. */
  orPort: whole(1, 65_535),
  /** Address to listen on. */
  listenAddress: v.optional(v.pipe(v.string(), v.ip('give an IP address')), '0.0.0.0'),
  /** IPv6 address by which others reach it as well; false: none. */
  addressIpv6: v.optional(
    v.union(
      [v.literal(false), v.pipe(v.string(), v.ipv6('give an IPv6 address, such as "2001:db8::5", or false'))],
      'give an IPv6 address, such as "2001:db8::5", or false',
    ),
    false,
  ),
  /** Port by which others reach it there; 0: that of IPv4. */
  orPortIpv6: v.optional(whole(0, 65_535), 0),
  /** IPv6 address to listen on; false: that by which others reach it. */
  listenAddressIpv6: v.optional(
    v.union(
      [v.literal(false), v.pipe(v.string(), v.ipv6('give an IPv6 address, such as "2001:db8::5", or false'))],
      'give an IPv6 address or false',
    ),
    false,
  ),
  /** Whose word counts: DirAuthority lines, or a file with one on each line. */
  authorities: v.optional(
    v.union(
      [path, v.array(v.string('give DirAuthority lines'))],
      'give a file or a list of DirAuthority lines',
    ),
    [],
  ),
  /** Folder for keys and memory; must be for this user alone. */
  dataDir: path,
  /** No own master key here: “allium relay keygen” makes the signing keys elsewhere. */
  offlineMaster: v.optional(v.boolean('give true or false'), false),
  /** Where streams may leave to: lines such as "accept *:443", or "reduced". Without it, nowhere. */
  exitPolicy: v.optional(
    v.union(
      [v.literal(REDUCED), v.pipe(v.array(v.string()), v.maxLength(1000, 'give at most 1000 lines'))],
      'give a list of lines such as "accept *:443", or "reduced"',
    ),
    ['reject *:*'],
  ),
  /** Whether streams may leave over IPv6. */
  exitIpv6: v.optional(v.boolean('give true or false'), false),
  /** Name servers of an exit, "IP" or "IP:port"; empty: those of the system. */
  nameServers: v.optional(
    v.pipe(v.array(v.string('give addresses of name servers')), v.maxLength(8, 'give at most 8')),
    [],
  ),
  /** Bytes per second, each direction; 0: no limit. */
  bandwidthRate: v.optional(size('0', 1024 * GIB), 0),
  /** Bytes that may be moved at once after a pause; 0: two seconds of the rate. */
  bandwidthBurst: v.optional(size('0', 1024 * GIB), 0),
  /** How much to move in a month (week, day); false: as much as comes. */
  accounting: v.optional(v.union([v.literal(false), accounting], 'give false or an object'), false),
  /** Fingerprints of the other relays of the same operator. */
  family: v.optional(v.pipe(v.array(fingerprint), v.maxLength(200, 'give at most 200')), []),
  /** Where the metrics page is, a loopback address and port; false: nowhere. */
  metrics: v.optional(v.union([v.literal(false), v.string()], 'give "127.0.0.1:9035" or false'), false),
  /** For networks of tests only: relays and streams on private addresses. */
  allowPrivateAddresses: v.optional(v.boolean('give true or false'), false),
  /**
   * Threads that move cells, each with its part of connections and memory; 1: the main thread alone. One is the default
   * because two have not been measured to be faster on a machine whose cores they shared with the other hops.
   */
  shards: v.optional(whole(1, SHARDS_MAX), 1),
  /** All memory that cells live in. */
  memory: v.optional(size('16MiB', 3.9 * GIB), 256 * 1024 * 1024),
  /** Cells and stream data that may wait; beyond it the circuits that wait the longest are closed. */
  maxMemInQueues: v.optional(size('1MiB', 64 * GIB), 64 * 1024 * 1024),
  /** Links to clients and relays at once. */
  maxConnections: v.optional(whole(1, 1_000_000), 8192),
  /** Circuits at once; 0: as many as half of the memory has room for. */
  maxCircuits: v.optional(whole(0, 1_000_000), 0),
  /** Defences against floods; what is given goes before what the network asks for. */
  dos: v.optional(dos, {}),
  /** How long an Ed25519 signing key is good for. */
  signingKeyLifetimeDays: v.optional(whole(1, 365), 30),
  /** How often the log says that all is well. */
  heartbeatHours: v.optional(whole(1, 24 * 7), 6),
  /** How long circuits may go on after SIGINT or SIGTERM, seconds. */
  shutdownWait: v.optional(whole(0, 3600), 30),
  log: v.optional(v.picklist(['debug', 'info', 'warn', 'error', 'silent']), 'info'),
});

/** The words of a configuration file, checked one by one, with defaults filled in. */
export type RelayWords = v.InferOutput<typeof relayConfigSchema>;

export const RELAY_KEYS = Object.keys(relayConfigSchema.entries);
