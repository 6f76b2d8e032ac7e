import { CONTENT } from './content.ts';
import type { OnionNet } from './onion-net.ts';
import type { SimClient } from './sim-client.ts';
import type { Visit, VisitOutcome, VisitWish } from './visit.ts';

const KINDS: readonly VisitWish['kind'][] = ['download', 'download', 'download', 'echo', 'early'];
const BYTES_MIN = 20_000;
const BYTES_MAX = 60_000;

/** When streams are opened, virtual time from now, and how many. */
export interface VisitOptions {
  readonly fromMs: number;
  readonly toMs: number;
  readonly each: number;
  readonly patienceMs: number;
}

/** Has each of `clients` open streams, some of them isolated from the others. */
export function planVisits(net: OnionNet, clients: readonly SimClient[], options: VisitOptions): void {
  const { random } = net;
  const { fromMs, toMs, each, patienceMs } = options;
  for (const client of clients) {
    for (let i = 0; i < each; i++) {
      const byteLength = BYTES_MIN + random.below(BYTES_MAX - BYTES_MIN);
      client.visitIn(fromMs + random.below(toMs - fromMs), {
        kind: KINDS[random.below(KINDS.length)]!,
        host: net.serverName(random.below(1000)),
        offset: random.below(CONTENT.length - BYTES_MAX),
        byteLength,
        isolation: random.below(4) === 0 ? 'apart' : '',
        patienceMs,
      });
    }
  }
}

/** How many streams ended how. */
export function tally(clients: readonly SimClient[]): Record<VisitOutcome | 'open', number> {
  const counts = { complete: 0, failed: 0, 'given-up': 0, wrong: 0, open: 0 };
  for (const visit of allVisits(clients)) counts[visit.outcome ?? 'open'] += 1;
  return counts;
}

/** Why those of one outcome ended, with their numbers. */
export function reasons(clients: readonly SimClient[], outcome: VisitOutcome): string {
  const counts = new Map<string, number>();
  for (const visit of allVisits(clients)) {
    if (visit.outcome === outcome) counts.set(visit.reason, (counts.get(visit.reason) ?? 0) + 1);
  }
  return [...counts].map(([reason, count]) => `${reason} ${count}`).join(', ');
}

function allVisits(clients: readonly SimClient[]): readonly Visit[] {
  return clients.flatMap(({ visits }) => visits);
}
