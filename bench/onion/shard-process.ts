/** A relay with shards in a process of its own, for bench/onion/shards.ts: says where it is, then what it has used. */
import { makeShardKit } from '../../test/node/relay/shards/support/shard-kit.ts';

const count = Number(process.argv[2]);
const kit = makeShardKit({ count, words: { memory: 256 * 2 ** 20, maxCircuits: 512 } });
await kit.plane.open();
const { endpoint, fingerprint, ed25519Id, onionKey } = kit.place();
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

process.on('message', () => {
  const { user, system } = process.cpuUsage();
  const links = kit.plane.threads.map(({ load }) => load.links);
  process.send!({ cpuSeconds: (user + system) / 1e6, residentBytes: process.memoryUsage.rss(), links });
});
process.on('disconnect', () => process.exit(0));
process.send!({
  endpoint,
  fingerprint: hex(fingerprint),
  ed25519Id: hex(ed25519Id),
  onionKey: hex(onionKey),
});
