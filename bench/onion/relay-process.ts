/** One relay in a process of its own, for bench/onion/relay.ts: says where it is, then what it has used when asked. */
import { createRealRuntime } from '../../engine/runtime/real/runtime.ts';
import { startRelay } from '../../test/onion/relay/support/test-network.ts';

const { relay, place } = await startRelay(createRealRuntime(), '127.0.0.1', {
  slotCount: 2048,
  limits: { keyStreamCells: 32 },
});
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const { endpoint, fingerprint, ed25519Id, onionKey } = place;

process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send!({ user, system, residentBytes: process.memoryUsage.rss(), circuits: relay.stats().circuits });
});
process.on('disconnect', () => process.exit(0));
process.send!({
  endpoint,
  fingerprint: hex(fingerprint),
  ed25519Id: hex(ed25519Id),
  onionKey: hex(onionKey),
});
