import {
  RELAY_FLAGS,
  type RelayFlag,
  type RouterStatus,
} from '../../../../engine/onion/directory/consensus-types.ts';
import {
  PATH_DEFAULTS,
  PathNetwork,
  type PathOptions,
  type RelayDetails,
} from '../../../../engine/onion/path/network.ts';

/** What a test says of a relay; the rest is filled in. */
export interface RelaySketch {
  readonly flags?: readonly RelayFlag[];
  readonly bandwidthKb?: number;
  readonly host?: string;
  readonly ipv6?: string;
  readonly nickname?: string;
  readonly family?: readonly string[];
  readonly familyIds?: readonly string[];
  /** Ports that are let out; none where not given. */
  readonly ports?: readonly number[];
  readonly hasDetails?: boolean;
}

export interface Sketched {
  readonly status: RouterStatus;
  readonly details: RelayDetails | undefined;
}

/** The fingerprint of the relay with this number. */
export function fingerprintOf(index: number): string {
  return index.toString(16).toUpperCase().padStart(40, '0');
}

const USUAL: readonly RelayFlag[] = ['Running', 'Valid', 'Fast', 'Stable', 'V2Dir'];

/** Relay number `index`: alone in its /16, Running, Valid, Fast, Stable and V2Dir unless the sketch says otherwise. */
export function sketchRelay(index: number, sketch: RelaySketch = {}): Sketched {
  const flags = [...(sketch.flags ?? []), ...USUAL];
  const status: RouterStatus = {
    nickname: sketch.nickname ?? `relay${index}`,
    fingerprint: fingerprintOf(index),
    descriptorDigest: undefined,
    microdescDigest: undefined,
    publishedMs: 0,
    host: sketch.host ?? `${10 + (index >> 8)}.${index & 255}.0.1`,
    orPort: 9001,
    dirPort: 0,
    ipv6: sketch.ipv6 === undefined ? undefined : { host: sketch.ipv6, port: 9001 },
    flags: flags.reduce((bits, flag) => bits | RELAY_FLAGS[flag], 0),
    version: '',
    protocols: new Map(),
    bandwidthKb: sketch.bandwidthKb ?? 1000,
    isUnmeasured: false,
    policy: undefined,
  };
  const details: RelayDetails = {
    policy: { isAccept: true, ranges: (sketch.ports ?? []).flatMap((port) => [port, port]) },
    family: sketch.family ?? [],
    familyIds: sketch.familyIds ?? [],
  };
  return { status, details: sketch.hasDetails === false ? undefined : details };
}

/** The same relay with one flag less. */
export function without(relay: Sketched, flag: RelayFlag): Sketched {
  return { ...relay, status: { ...relay.status, flags: relay.status.flags & ~RELAY_FLAGS[flag] } };
}

/** A network of sketched relays. */
export function networkOf(
  relays: readonly Sketched[],
  options: Partial<PathOptions> = {},
  weights: Readonly<Record<string, number>> = {},
): PathNetwork {
  const details = new Map(relays.map((relay) => [relay.status.fingerprint, relay.details]));
  return new PathNetwork(
    { ...PATH_DEFAULTS, ...options },
    {
      routers: relays.map((relay) => relay.status),
      bandwidthWeights: new Map(Object.entries(weights)),
      params: new Map(),
      details: (status) => details.get(status.fingerprint),
    },
  );
}
