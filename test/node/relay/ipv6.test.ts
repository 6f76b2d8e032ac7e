/**
 * Aim: a relay with an IPv6 address says so in its descriptor and serves there exactly what it serves over IPv4, on one
 * thread and on several; an address that nobody could reach, or that makes no sense, is refused by its place.
 */
import { createServer } from 'node:net';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { checkRelayConfig } from '../../../engine/node/relay/config.ts';
import { makeDocuments } from '../../../engine/node/relay/descriptor-source.ts';
import { openIdentity } from '../../../engine/node/relay/identity-keys.ts';
import { KeyFolder } from '../../../engine/node/relay/key-folder.ts';
import { OnionKeyStore } from '../../../engine/node/relay/onion-keys.ts';
import { RelayDaemon } from '../../../engine/node/relay/relay-daemon.ts';
import { RELAY } from '../../../engine/onion/cell/relay-command.ts';
import { policyAllowsText } from '../../../engine/onion/directory/policy-check.ts';
import { TestClient } from '../../onion/relay/support/test-client.ts';
import { makeMemory } from '../../onion/relay/support/test-network.ts';
import { runtime, until } from './shards/support/shard-kit.ts';
import { keptLog } from './support/log.ts';
import { relayFolder } from './support/relay-folder.ts';
import { thrown } from './support/thrown.ts';

const ipv6 = suite('a relay on IPv6');
// Nothing of the runtime keeps a process alive.
const alive = setInterval(() => {}, 1000);
ipv6.after(() => clearInterval(alive));

const SMALL = {
  ...{ nickname: 'Six', address: '127.0.0.1', listenAddress: '127.0.0.1', orPort: 9001 },
  ...{ dataDir: 'data', memory: '32MiB', maxCircuits: 64, shutdownWait: 0, allowPrivateAddresses: true },
  authorities: [`none v3ident=${'A'.repeat(40)} 127.0.0.1:1 ${'B'.repeat(40)}`],
};

async function freePort(host: string): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}

for (const shards of [1, 2]) {
  ipv6(`${shards} thread(s): a client comes in over both, and gets the same relay`, async () => {
    const [orPort, orPortIpv6] = [await freePort('127.0.0.1'), await freePort('::1')];
    const dataDir = join(relayFolder(), 'data');
    const words = { ...SMALL, dataDir, orPort, orPortIpv6, addressIpv6: '::1', shards };
    const daemon = await RelayDaemon.start(checkRelayConfig(words, '/etc/relay.json'), keptLog());
    try {
      const nowMs = Date.now();
      const folder = KeyFolder.open(join(dataDir, 'keys'));
      const identity = openIdentity(folder, { offlineMaster: false, signingLifetimeMs: 1, nowMs });
      const onionKey = OnionKeyStore.open(folder, nowMs).keys.current.ntorPublicKey;
      for (const endpoint of [
        { host: '::1', port: orPortIpv6 },
        { host: '127.0.0.1', port: orPort },
      ]) {
        const { fingerprint, ed25519Id } = identity;
        const place = { endpoint, fingerprint, ed25519Id, onionKey };
        const client = new TestClient(place, { runtime, ...makeMemory(260), until });
        await client.open();
        const circuit = client.circuit();
        await circuit.create(place, { congestionControl: true, cgo: true });
        circuit.send(RELAY.beginDir, 1, new Uint8Array(0));
        await circuit.next(RELAY.connected);
        client.channel.destroy('done');
      }
    } finally {
      await daemon.close();
    }
  });
}

ipv6('the descriptor names the address, and the policy keeps streams away from it', () => {
  const config = checkRelayConfig(
    {
      ...SMALL,
      ...{ address: '203.0.113.5', addressIpv6: '2a02:1::5', allowPrivateAddresses: false },
      ...{ exitPolicy: ['accept *:*'], exitIpv6: true },
    },
    '/etc/relay.json',
  );
  assert.equal(config.ipv6?.listen, { host: '2a02:1::5', port: 9001 }, 'the port of IPv4, the same address');
  assert.is(policyAllowsText(config.exitPolicy, '2a02:1::5', 443), false);
  assert.is(policyAllowsText(config.exitPolicy, '2a02:1::6', 443), true);
  const folder = KeyFolder.open(join(relayFolder(), 'keys'));
  const nowMs = Date.now();
  const made = makeDocuments(
    config,
    {
      identity: openIdentity(folder, { offlineMaster: false, signingLifetimeMs: 86_400_000, nowMs }),
      onionKeys: OnionKeyStore.open(folder, nowMs).keys.current,
      ...{ isHibernating: false, observedBytesPerSec: 1, overload: undefined, historyLines: [] },
      uptimeSeconds: 1,
    },
    nowMs,
  );
  assert.ok(made.ok, made.ok ? '' : made.reason);
  assert.match(Buffer.from(made.value.descriptor).toString('latin1'), /^or-address \[2a02:1::5\]:9001$/m);
  assert.equal(made.value.parsed.ipv6, { host: '2a02:1::5', port: 9001 });
});

ipv6('what makes no sense is refused', () => {
  const refused = (more: object) => thrown(() => checkRelayConfig({ ...SMALL, ...more }, '/etc/relay.json'));
  const open = { allowPrivateAddresses: false, address: '203.0.113.5' };
  assert.match(refused({ ...open, addressIpv6: 'fe80::1' }).message, 'addressIpv6');
  assert.match(refused({ addressIpv6: '203.0.113.5' }).advice, 'IPv6 address');
  assert.match(refused({ orPortIpv6: 443 }).advice, 'addressIpv6');
  assert.match(refused({ listenAddressIpv6: '::' }).advice, 'addressIpv6');
});

ipv6.run();
