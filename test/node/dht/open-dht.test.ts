/** Aim: a DHT lets go of its sockets whatever becomes of its file, and what is saved is the table of each family's first node. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openDht } from '../../../engine/node/dht/open-dht.ts';
import { loadTables } from '../../../engine/node/dht/saved-table.ts';
import { createRealRuntime } from '../../../engine/runtime/real/runtime.ts';

const test = suite('a DHT that is opened');
const runtime = createRealRuntime();
const folder = mkdtempSync(join(tmpdir(), 'allium-dht-'));
test.after(() => rmSync(folder, { recursive: true, force: true }));

test('a file that cannot be written is said, and the port is free all the same', async () => {
  const files = { ...runtime.files, writeFile: () => Promise.reject(new Error('the disk is full')) };
  const statePath = join(folder, 'full');
  const options = { hosts: ['127.0.0.1'], port: 0, bootstrap: [], statePath };
  const dht = await openDht(options, { runtime: { ...runtime, files } });
  const { port } = dht.locals[0]!;
  const reason = await dht.close().then(
    () => 'saved',
    (error: Error) => error.message,
  );
  assert.is(reason, 'the disk is full');
  assert.not.ok(dht.group.nodes[0]!.running);
  const again = await runtime.network.bindDatagram({ host: '127.0.0.1', port }, () => {});
  again.close();
});

test('of two nodes of one family the first keeps its id over a restart', async () => {
  const statePath = join(folder, 'two');
  const options = { hosts: ['127.0.0.1', '127.0.0.2'], port: 0, bootstrap: [], statePath };
  const dht = await openDht(options, { runtime });
  const first = dht.group.nodes[0]!.id.slice();
  await dht.close();
  assert.equal((await loadTables(statePath, runtime.files)).get(4)?.id, first);
});

test.run();
