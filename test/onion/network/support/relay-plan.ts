import type { SimRandom } from '../../../../engine/runtime/sim/chance.ts';

/** Generations of relays, as `pr` lines: no congestion control, with it, and with Counter Galois Onion as well. */
const PROTOCOLS = [
  'Cons=1-2 Desc=1-2 DirCache=2 FlowCtrl=1 Link=4-5 LinkAuth=3 Microdesc=1-2 Padding=2 Relay=2-3',
  'Cons=1-2 Desc=1-2 DirCache=2 FlowCtrl=1-2 Link=4-5 LinkAuth=3 Microdesc=1-2 Padding=2 Relay=2-4',
  'Cons=1-2 Desc=1-2 DirCache=2 FlowCtrl=1-2 Link=4-5 LinkAuth=3 Microdesc=1-2 Padding=2 Relay=2-6',
] as const;

/** What a relay of the simulated network is like. */
export interface RelayPlan {
  readonly nickname: string;
  readonly host: string;
  readonly flags: readonly string[];
  readonly protocols: string;
  readonly bandwidthKb: number;
  readonly policy: string;
  readonly isExit: boolean;
  /** Relays with one number are of one family. */
  readonly family: number | undefined;
}

/**
 * A network in small: every fifth relay shares its /16 with the one before, every seventh is of one family with the one
 * before, half are guards, two fifths exits, few have much bandwidth and many little.
 */
export function planRelays(count: number, random: SimRandom): readonly RelayPlan[] {
  return Array.from({ length: count }, (_, index) => {
    const isGuard = index % 2 === 0;
    const isExit = index % 5 === 1 || index % 5 === 2;
    const isNeighbour = index % 5 === 4;
    const flags = ['Fast', 'Stable', 'V2Dir'];
    if (isGuard) flags.push('Guard');
    if (isExit) flags.push('Exit');
    const inFamily = index % 7 === 6 || index % 7 === 5;
    return {
      nickname: `relay${index}`,
      host: isNeighbour ? `10.${index - 1}.0.2` : `10.${index}.0.1`,
      flags,
      protocols: PROTOCOLS[random.below(PROTOCOLS.length)]!,
      bandwidthKb: 1000 + Math.floor(40_000 * random.fraction() ** 4),
      policy: isExit ? 'accept 7,80,443' : 'reject 1-65535',
      isExit,
      family: inFamily ? Math.floor(index / 7) : undefined,
    };
  });
}
