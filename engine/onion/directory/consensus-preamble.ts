import { readIpv4 } from '../../codec/address.ts';
import { readTime } from '../time.ts';
import type { Consensus, ConsensusFlavour, ConsensusSource, SharedRandomValue } from './consensus-types.ts';
import type { LineReader } from './line-reader.ts';
import { NO_PROTOCOLS, type Protocols, parseProtocols } from './protocols.ts';
import { failure, type Result, success } from './result.ts';
import {
  decodeBase64,
  detached,
  excerpt,
  readableText,
  readFingerprint,
  readInteger,
  readPort,
} from './text.ts';

/** Entries of one list in the preamble: versions, flags, parameters, sources. */
const LIST_MAX = 1000;
const SOURCES_MAX = 64;
const DAY_SECONDS = 86_400;

/** All of a consensus that stands before the first relay. */
export type Preamble = Omit<
  Consensus,
  | 'routers'
  | 'routersLeftOut'
  | 'bandwidthWeights'
  | 'signatures'
  | 'digestSha1'
  | 'digestSha256'
  | 'digestSha3'
>;
type Draft = { -readonly [Key in keyof Preamble]: Preamble[Key] } & { sources: ConsensusSource[] };

/** Lines that a consensus cannot do without; each stands there once. */
const NEEDED = [
  'vote-status',
  'consensus-method',
  'valid-after',
  'fresh-until',
  'valid-until',
  'voting-delay',
];

/** Reads up to the first `r` or `directory-footer`, on which `lines` stands then. */
export function readPreamble(lines: LineReader): Result<Preamble> {
  const flavour = lines.next() && lines.start === 0 ? readFlavour(lines) : undefined;
  if (flavour === undefined) {
    return failure(
      lines.fault === '' ? 'it is no network status of version 3' : `the document ${lines.fault}`,
    );
  }
  const draft = emptyDraft(flavour);
  const seen = new Set<string>();
  while (lines.next()) {
    const { keyword } = lines;
    if (keyword === 'r' || keyword === 'directory-footer') return finish(draft, seen);
    if (Object.hasOwn(SINGLE, keyword)) {
      if (seen.has(keyword)) return failure(`the line “${keyword}” stands there more than once`);
      seen.add(keyword);
      const wrong = SINGLE[keyword]!(draft, lines);
      if (wrong !== '') return failure(`the line “${keyword}” ${wrong}`);
    } else {
      const wrong = readSourceLine(draft.sources, lines);
      if (wrong !== '') return failure(`the line “${keyword}” ${wrong}`);
    }
  }
  return failure(lines.fault === '' ? 'it ends before the footer' : `the document ${lines.fault}`);
}

function readFlavour(lines: LineReader): ConsensusFlavour | undefined {
  const [version, flavour = 'ns'] = lines.words();
  if (lines.keyword !== 'network-status-version' || version !== '3') return undefined;
  return flavour === 'ns' || flavour === 'microdesc' ? flavour : undefined;
}

function emptyDraft(flavour: ConsensusFlavour): Draft {
  return {
    flavour,
    method: 0,
    validAfterMs: 0,
    freshUntilMs: 0,
    validUntilMs: 0,
    voteDelayMs: 0,
    distDelayMs: 0,
    clientVersions: [],
    serverVersions: [],
    knownFlags: [],
    recommendedClientProtocols: NO_PROTOCOLS,
    recommendedRelayProtocols: NO_PROTOCOLS,
    requiredClientProtocols: NO_PROTOCOLS,
    requiredRelayProtocols: NO_PROTOCOLS,
    params: new Map(),
    sharedRandomPrevious: undefined,
    sharedRandomCurrent: undefined,
    sources: [],
  };
}

function finish(draft: Draft, seen: ReadonlySet<string>): Result<Preamble> {
  const missing = NEEDED.find((keyword) => !seen.has(keyword));
  if (missing !== undefined) return failure(`the line “${missing}” is missing`);
  if (!(draft.validAfterMs < draft.freshUntilMs && draft.freshUntilMs <= draft.validUntilMs)) {
    return failure('valid-after, fresh-until and valid-until do not follow one another');
  }
  return success(draft);
}

/** Readers of the lines that stand there once: each gives what is wrong, or nothing. */
const SINGLE: Readonly<Record<string, (draft: Draft, lines: LineReader) => string>> = {
  'vote-status': (_draft, lines) => (lines.rest === 'consensus' ? '' : 'says that this is no consensus'),
  'consensus-method': (draft, lines) => {
    const method = readInteger(lines.words()[0], 10_000);
    draft.method = method ?? 0;
    return method === undefined ? 'has no number' : '';
  },
  'valid-after': timeInto('validAfterMs'),
  'fresh-until': timeInto('freshUntilMs'),
  'valid-until': timeInto('validUntilMs'),
  'voting-delay': (draft, lines) => {
    const [vote, dist] = lines.words().map((word) => readInteger(word, DAY_SECONDS));
    draft.voteDelayMs = (vote ?? 0) * 1000;
    draft.distDelayMs = (dist ?? 0) * 1000;
    return vote === undefined || dist === undefined ? 'has no two delays in seconds' : '';
  },
  'client-versions': listInto('clientVersions', ','),
  'server-versions': listInto('serverVersions', ','),
  'known-flags': listInto('knownFlags', ' '),
  'recommended-client-protocols': protocolsInto('recommendedClientProtocols'),
  'recommended-relay-protocols': protocolsInto('recommendedRelayProtocols'),
  'required-client-protocols': protocolsInto('requiredClientProtocols'),
  'required-relay-protocols': protocolsInto('requiredRelayProtocols'),
  params: (draft, lines) => {
    const params = readParams(lines.rest);
    if (params === undefined) return 'is no list of parameters, each once';
    draft.params = params;
    return '';
  },
  'shared-rand-previous-value': randomInto('sharedRandomPrevious'),
  'shared-rand-current-value': randomInto('sharedRandomCurrent'),
};

type KeysOf<Value> = { [Key in keyof Draft]: Draft[Key] extends Value ? Key : never }[keyof Draft];

function timeInto(key: 'validAfterMs' | 'freshUntilMs' | 'validUntilMs') {
  return (draft: Draft, lines: LineReader): string => {
    const [date, clock] = lines.words();
    const timeMs = readTime(date, clock);
    draft[key] = timeMs ?? 0;
    return timeMs === undefined ? 'has no time' : '';
  };
}

function listInto(key: 'clientVersions' | 'serverVersions' | 'knownFlags', separator: string) {
  return (draft: Draft, lines: LineReader): string => {
    const parts = lines.rest.split(separator, LIST_MAX + 1).filter((part) => part !== '');
    draft[key] = parts.map(detached);
    return parts.length > LIST_MAX ? `has more than ${LIST_MAX} entries` : '';
  };
}

function protocolsInto(key: KeysOf<Protocols> & `${string}Protocols`) {
  return (draft: Draft, lines: LineReader): string => {
    const parsed = parseProtocols(lines.rest);
    if (!parsed.ok) return `cannot be read: ${parsed.reason}`;
    draft[key] = parsed.value;
    return '';
  };
}

function randomInto(key: 'sharedRandomPrevious' | 'sharedRandomCurrent') {
  return (draft: Draft, lines: LineReader): string => {
    const [count, text] = lines.words();
    const revealCount = readInteger(count, 1000);
    const value = decodeBase64(text ?? '', 32);
    if (revealCount === undefined || value === undefined) return 'has no count and value';
    draft[key] = { revealCount, value } satisfies SharedRandomValue;
    return '';
  };
}

/** `name=value …`; values are 32 bit signed. dir-spec, `params`; the footer's weights have the same form. */
export function readParams(text: string): ReadonlyMap<string, number> | undefined {
  const params = new Map<string, number>();
  for (const entry of text.split(' ', LIST_MAX + 1)) {
    if (entry === '') continue;
    const parts = /^([A-Za-z0-9_-]{1,100})=(-?\d{1,10})$/.exec(entry);
    const value = Number(parts?.[2]);
    if (parts === null || params.has(parts[1]!) || value !== (value | 0)) return undefined;
    params.set(detached(parts[1]!), value);
  }
  return params.size > LIST_MAX ? undefined : params;
}

function readSourceLine(sources: ConsensusSource[], lines: LineReader): string {
  const last = sources.at(-1);
  if (lines.keyword === 'dir-source') {
    if (sources.length >= SOURCES_MAX) return `stands there more than ${SOURCES_MAX} times`;
    const source = readSource(lines.words());
    if (source === undefined) return `names no authority: “${excerpt(lines.rest)}”`;
    sources.push(source);
  } else if (lines.keyword === 'contact' && last !== undefined) {
    sources[sources.length - 1] = { ...last, contact: readableText(lines.rest).slice(0, 200) };
  } else if (lines.keyword === 'vote-digest' && last !== undefined) {
    const voteDigest = readFingerprint(lines.words()[0]);
    if (voteDigest === undefined) return 'has no digest';
    sources[sources.length - 1] = { ...last, voteDigest };
  }
  return '';
}

function readSource(words: readonly string[]): ConsensusSource | undefined {
  const [nickname = '', identity, , host = '', dirText, orText] = words;
  const v3ident = readFingerprint(identity);
  const [dirPort, orPort] = [readPort(dirText), readPort(orText)];
  if (
    v3ident === undefined ||
    readIpv4(host) === undefined ||
    dirPort === undefined ||
    orPort === undefined
  ) {
    return undefined;
  }
  return {
    nickname: detached(nickname),
    v3ident,
    host: detached(host),
    dirPort,
    orPort,
    contact: '',
    voteDigest: '',
  };
}
