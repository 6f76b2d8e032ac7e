import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import * as v from 'valibot';
import { readAddress } from '../../codec/address.ts';
import { AlliumError } from '../../codec/error.ts';
import { readHostPort } from '../../onion/address.ts';
import type { DirectoryAuthority } from '../../onion/directory/authority-types.ts';
import { buildExitPolicy } from '../../onion/directory/exit-policy.ts';
import { isPrivateAddress } from '../../onion/directory/policy-check.ts';
import type { ExitPolicy } from '../../onion/directory/policy-types.ts';
import type { AccountingOptions } from '../../onion/flow/accounting.ts';
import type { DosParams } from '../../onion/flow/dos-params.ts';
import type { Endpoint } from '../../runtime/port.ts';
import { fileError } from '../../runtime/real/file-error.ts';
import { readAuthorities } from '../authorities.ts';
import { REDUCED, RELAY_KEYS, type RelayWords, relayConfigSchema } from './config-schema.ts';

const CONFIG_BYTES_MAX = 1024 * 1024;
const NAME_SERVER_PORT = 53;
/** Below this a relay is of no use to the network. */
const RATE_BYTES_MIN = 75 * 1024;

/** What a relay is to be, complete and checked. */
export interface RelayConfig {
  /** As written, defaults filled in, paths absolute: what `--print-config` shows. */
  readonly words: RelayWords;
  readonly authorities: readonly DirectoryAuthority[];
  readonly exitPolicy: ExitPolicy;
  readonly isExit: boolean;
  /** Its second place; undefined: none. */
  readonly ipv6: { readonly reached: Endpoint; readonly listen: Endpoint } | undefined;
  readonly nameServers: readonly Endpoint[];
  readonly accounting: AccountingOptions | undefined;
  readonly metrics: Endpoint | undefined;
  /** Undefined: no limit. */
  readonly rate: { readonly bytesPerSec: number; readonly burstBytes: number } | undefined;
  readonly dos: Partial<DosParams>;
}

/** Reads a configuration file. Throws BAD_USAGE with the place and what to write there, or the file system's errors. */
export function readRelayConfig(file: string): RelayConfig {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw fileError(error, 'read the configuration in', file);
  }
  if (text.length > CONFIG_BYTES_MAX) throw wrong(file, '', 'that file is too long for a configuration');
  return checkRelayConfig(parseObject(text, file), file);
}

/** The same for a value that was read already; `file` is for messages, and relative paths begin at its folder. */
export function checkRelayConfig(value: unknown, file: string): RelayConfig {
  const result = v.safeParse(relayConfigSchema, value);
  if (!result.success) throw schemaError(result.issues[0], file);
  const folder = dirname(resolve(file));
  const { authorities, dataDir } = result.output;
  const words: RelayWords = {
    ...result.output,
    dataDir: resolve(folder, dataDir),
    authorities: typeof authorities === 'string' ? resolve(folder, authorities) : authorities,
  };
  checkAddress(words, file);
  return {
    words,
    authorities: readAuthorities(words.authorities, file, { wrong, none: noAuthority }),
    ...readPolicy(words, file),
    ipv6: readIpv6(words),
    nameServers: words.nameServers.map((text) => readNameServer(text, file)),
    accounting: readAccounting(words, file),
    metrics: readMetrics(words, file),
    rate: readRate(words, file),
    // What is not there must not stand before what the consensus says.
    dos: Object.fromEntries(Object.entries(words.dos).filter(([, one]) => one !== undefined)),
  };
}

function parseObject(text: string, file: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch {
    // Said below: it is no JSON object either way.
  }
  throw new AlliumError('BAD_USAGE', `the configuration file ${file} does not hold one JSON object`, {
    advice: 'Write it as in “allium relay --help”.',
    details: { file },
  });
}

type Issue = v.InferIssue<typeof relayConfigSchema>;

function schemaError(found: Issue, file: string): AlliumError {
  const { issue, keys } = deepest(found);
  const place = keys.join('.');
  const isKnown = RELAY_KEYS.includes(keys[0] ?? '');
  if (!isKnown) return unknownKey(place, file);
  if (issue.type === 'strict_object' && issue.expected === 'never') {
    return wrong(file, place, 'there is no such key; leave it out');
  }
  const isMissing = issue.received === 'undefined' && issue.kind === 'schema' && issue.type !== 'union';
  return wrong(file, place, isMissing ? 'it is needed; see “allium relay --help”' : issue.message);
}

/** Where a value may be one of several things, what is wrong inside of the one that was meant says more. */
function deepest(issue: Issue): { readonly issue: Issue; readonly keys: readonly string[] } {
  const keys = issue.path?.map(({ key }) => String(key)) ?? [];
  const inner = (issue.issues as readonly Issue[] | undefined)
    ?.map(deepest)
    .find((one) => one.keys.length > 0);
  return inner === undefined ? { issue, keys } : { issue: inner.issue, keys: [...keys, ...inner.keys] };
}

function unknownKey(place: string, file: string): AlliumError {
  return new AlliumError('BAD_USAGE', `the key “${place}” in ${file} is not known`, {
    advice: `The keys are ${RELAY_KEYS.join(', ')}.`,
    details: { file, key: place },
  });
}

function wrong(file: string, place: string, advice: string): AlliumError {
  const what = place === '' ? `the configuration file ${file}` : `“${place}” in ${file}`;
  return new AlliumError('BAD_USAGE', `${what} is wrong`, {
    advice: `${advice}.`,
    details: { file, key: place },
  });
}

function checkAddress(words: RelayWords, file: string): void {
  const { allowPrivateAddresses, addressIpv6 } = words;
  for (const key of ['address', 'addressIpv6'] as const) {
    const text = words[key];
    const bytes = text === false ? undefined : readAddress(text);
    if (text === false || (bytes !== undefined && (allowPrivateAddresses || !isPrivateAddress(bytes))))
      continue;
    throw wrong(
      file,
      key,
      'nobody can reach a private address from outside; give the public one, or set "allowPrivateAddresses" in a network of tests',
    );
  }
  const alone = (['orPortIpv6', 'listenAddressIpv6'] as const).find((key) => words[key]);
  if (addressIpv6 === false && alone !== undefined) throw wrong(file, alone, 'give an "addressIpv6" as well');
}

function readIpv6({ addressIpv6, orPortIpv6, listenAddressIpv6, orPort }: RelayWords): RelayConfig['ipv6'] {
  if (addressIpv6 === false) return undefined;
  const port = orPortIpv6 === 0 ? orPort : orPortIpv6;
  const host = listenAddressIpv6 === false ? addressIpv6 : listenAddressIpv6;
  return { reached: { host: addressIpv6, port }, listen: { host, port } };
}

function noAuthority(source: string): AlliumError {
  return new AlliumError('BAD_USAGE', `no directory authority with a v3ident is named in ${source}`, {
    advice:
      'There is no built-in network: write the DirAuthority lines of the network this relay is to join under "authorities", or name a file that holds them.',
    details: { file: source },
  });
}

function readPolicy(
  { exitPolicy: lines, exitIpv6, allowPrivateAddresses, address, addressIpv6 }: RelayWords,
  file: string,
): { readonly exitPolicy: ExitPolicy; readonly isExit: boolean } {
  const built = buildExitPolicy({
    isExit: true,
    rules: lines === REDUCED ? [] : lines,
    isReduced: lines === REDUCED,
    allowIpv6: exitIpv6,
    allowPrivate: allowPrivateAddresses,
    ownAddresses: addressIpv6 === false ? [address] : [address, addressIpv6],
  });
  if (!built.ok) throw wrong(file, 'exitPolicy', built.reason);
  const isExit = built.value.rules.some(({ isAccept }) => isAccept);
  if (isExit) return { exitPolicy: built.value, isExit };
  const none = buildExitPolicy({
    ...{
      isExit: false,
      rules: [],
      isReduced: false,
      allowIpv6: false,
      allowPrivate: false,
      ownAddresses: [],
    },
  });
  return { exitPolicy: none.ok ? none.value : built.value, isExit };
}

function readNameServer(text: string, file: string): Endpoint {
  const at = readHostPort(text) ?? { host: text, port: NAME_SERVER_PORT };
  if (readAddress(at.host) !== undefined) return at;
  throw wrong(
    file,
    'nameServers',
    `“${text}” is no address; write "9.9.9.9", "127.0.0.1:5353" or "[::1]:53"`,
  );
}

function readAccounting({ accounting }: RelayWords, file: string): AccountingOptions | undefined {
  if (accounting === false) return undefined;
  const { max, rule, period, startDay, startTime } = accounting;
  if (period === 'week' && startDay > 7) {
    throw wrong(file, 'accounting.startDay', 'a week begins on a day from 1 (Monday) to 7');
  }
  const [hours = 0, minutes = 0] = startTime.split(':').map(Number);
  return { maxBytes: max, rule, period, startDay, startMinute: hours * 60 + minutes };
}

function readMetrics({ metrics }: RelayWords, file: string): Endpoint | undefined {
  if (metrics === false) return undefined;
  const at = /^(127\.\d+\.\d+\.\d+|\[::1\]):(\d{1,5})$/.exec(metrics);
  const port = Number(at?.[2]);
  if (at?.[1] !== undefined && port <= 65_535) return { host: at[1].replaceAll(/[[\]]/g, ''), port };
  throw wrong(
    file,
    'metrics',
    'give a loopback address and a port, such as "127.0.0.1:9035"; for other machines put a proxy with a password in front',
  );
}

function readRate({ bandwidthRate, bandwidthBurst }: RelayWords, file: string): RelayConfig['rate'] {
  if (bandwidthRate === 0) {
    if (bandwidthBurst === 0) return undefined;
    throw wrong(file, 'bandwidthBurst', 'give a "bandwidthRate" as well, or leave both out');
  }
  if (bandwidthRate < RATE_BYTES_MIN)
    throw wrong(file, 'bandwidthRate', 'give at least 75KiB, or 0 for no limit');
  if (bandwidthBurst !== 0 && bandwidthBurst < bandwidthRate) {
    throw wrong(file, 'bandwidthBurst', 'give at least as much as "bandwidthRate"');
  }
  return {
    bytesPerSec: bandwidthRate,
    burstBytes: bandwidthBurst === 0 ? 2 * bandwidthRate : bandwidthBurst,
  };
}
