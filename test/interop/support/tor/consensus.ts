/** One relay as the authorities agreed on it. */
export interface ConsensusRelay {
  readonly nickname: string;
  /** SHA-1 of its RSA identity, 40 capital hexadecimal digits. */
  readonly fingerprint: string;
  readonly orPort: number;
  readonly flags: readonly string[];
  /** The `pr` line: subprotocol versions. */
  readonly protocols: string;
  /** The `w` line. */
  readonly bandwidth: string;
}

export interface TorConsensus {
  /** `YYYY-MM-DD HH:MM:SS`, UTC. */
  readonly validAfter: string;
  readonly method: number;
  readonly signatureCount: number;
  /** Consensus parameters by name. */
  readonly params: ReadonlyMap<string, number>;
  readonly relays: readonly ConsensusRelay[];
  readonly text: string;
}

/** Reads the ns flavour loosely: enough to ask about relays, not to judge a document. dir-spec, 3.4.1. */
export function parseConsensus(text: string): TorConsensus {
  const line = (word: string): string => new RegExp(`^${word} (.*)$`, 'm').exec(text)?.[1] ?? '';
  const params = line('params')
    .split(' ')
    .filter((pair) => pair !== '')
    .map((pair): [string, number] => [pair.split('=')[0] ?? '', Number(pair.split('=')[1])]);
  const entries = text.split(/^(?=r )/m).slice(1);
  return {
    validAfter: line('valid-after'),
    method: Number(line('consensus-method')),
    signatureCount: text.match(/^directory-signature /gm)?.length ?? 0,
    params: new Map(params),
    relays: entries.map(parseRelay),
    text,
  };
}

function parseRelay(entry: string): ConsensusRelay {
  const line = (word: string): string => new RegExp(`^${word} (.*)$`, 'm').exec(entry)?.[1] ?? '';
  const [nickname = '', identity = '', , , , , orPort] = line('r').split(' ');
  return {
    nickname,
    fingerprint: Buffer.from(identity, 'base64').toString('hex').toUpperCase(),
    orPort: Number(orPort),
    flags: line('s').split(' '),
    protocols: line('pr'),
    bandwidth: line('w'),
  };
}
