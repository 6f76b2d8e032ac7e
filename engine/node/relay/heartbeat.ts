import { formatBytes, formatDuration, formatRate } from '../../codec/units.ts';
import type { MetricsView } from './metrics.ts';

/** What the log says every few hours: whether the relay is of use, and what keeps it from being so. */
export function heartbeatFields(view: MetricsView): Readonly<Record<string, string | number | boolean>> {
  const { relay, overload } = view;
  const troubles = Object.entries(overload).filter(([, seconds]) => seconds > 0);
  const listed = view.isListed === undefined ? 'no consensus' : view.isListed ? 'yes' : 'no';
  return {
    uptime: formatDuration(view.uptimeSeconds * 1000),
    listed,
    connections: relay?.channels ?? 0,
    circuits: relay?.circuits ?? 0,
    received: formatBytes(view.receivedBytes),
    sent: formatBytes(view.sentBytes),
    best: formatRate(view.observedBytesPerSec),
    handshakes: Object.values(relay?.counters.handshakes ?? {}).reduce((sum, count) => sum + count, 0),
    overloaded: troubles.map(([reason, seconds]) => `${reason} ${seconds} s`).join(', '),
    hibernating: view.isHibernating,
  };
}
