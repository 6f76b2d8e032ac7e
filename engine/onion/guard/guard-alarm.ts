import type { GuardRecord } from './guard-types.ts';

/** Something about guards that the user should know. */
export interface GuardAlarm {
  /**
   * `network-down`: nothing at all has answered for a while. `primary-blocked`: the network works, only the guards
   * held for months do not answer. `sample-exhausted`: all guards that this client allows itself have failed. `too-restricted`: the settings leave no guard.
   */
  readonly kind: 'network-down' | 'primary-blocked' | 'sample-exhausted' | 'too-restricted';
  readonly message: string;
  readonly advice: string;
}

/** What {@link guardAlarm} looks at. */
export interface GuardSituation {
  readonly sampled: readonly GuardRecord[];
  readonly filtered: readonly GuardRecord[];
  readonly primary: readonly GuardRecord[];
  /** How many guards the sample may hold. */
  readonly sampleMax: number;
  /** A circuit was built within the time after which the network counts as down. */
  readonly isNetworkUp: boolean;
  /** Every guard that may be used has failed since the last success. */
  readonly isExhausted: boolean;
}

/**
 * Someone on the way who lets a client reach only guards of his own would have it try one after the other until it
 * comes to his. The bound of the sample stops that; this says so instead of failing silently.
 */
export function guardAlarm(situation: GuardSituation): GuardAlarm | undefined {
  const { sampled, filtered, primary, sampleMax, isNetworkUp } = situation;
  if (sampled.length === 0) return undefined;
  if (filtered.length === 0) {
    return {
      kind: 'too-restricted',
      message: `None of the ${sampled.length} guards of this client may be used with these settings.`,
      advice: 'Allow more relays: see the settings for entry nodes, excluded nodes and reachable addresses.',
    };
  }
  const isDown = (record: GuardRecord): boolean => record.reachable === 'no';
  if (situation.isExhausted && sampled.length >= sampleMax) return exhausted(filtered.length, isNetworkUp);
  if (primary.length === 0 || !primary.every(isDown)) return undefined;
  if (isNetworkUp) return primaryBlocked(primary.length);
  return {
    kind: 'network-down',
    message: `None of ${filtered.filter(isDown).length} guards that were tried answers.`,
    advice: 'Probably the network is down or a firewall is in the way; guards are tried again by themselves.',
  };
}

function exhausted(count: number, isNetworkUp: boolean): GuardAlarm {
  const although = isNetworkUp ? ', although the network worked a moment ago' : '';
  return {
    kind: 'sample-exhausted',
    message: `All ${count} guards that this client allows itself are unreachable${although}.`,
    advice:
      'Either the network is down or behind a firewall, or someone is blocking guards to lead this client to his ' +
      'own. It goes on trying these and will not take others. If only one network behaves like this, do not trust it.',
  };
}

function primaryBlocked(count: number): GuardAlarm {
  return {
    kind: 'primary-blocked',
    message: `The ${count} guards that this client has been using do not answer, others do.`,
    advice: 'If this begins on a new network, that network may be choosing your guards for you.',
  };
}
