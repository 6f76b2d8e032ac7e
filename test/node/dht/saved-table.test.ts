/** Aim: ids and tables come back from their file as they were, and a file of something else is refused and left alone. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { AlliumError } from '../../../engine/codec/error.ts';
import {
  loadTables,
  SAVED_NODES_MAX,
  type SavedTable,
  saveTables,
} from '../../../engine/node/dht/saved-table.ts';
import { createRealRuntime } from '../../../engine/runtime/real/runtime.ts';

const saved = suite('saved DHT table');
const { files } = createRealRuntime();
const folder = mkdtempSync(join(tmpdir(), 'allium-table-'));
const path = join(folder, 'table');

saved.after(() => rmSync(folder, { recursive: true, force: true }));

saved('both families come back as they were', async () => {
  const table = (host: string, first: number): SavedTable => ({
    id: new Uint8Array(20).fill(first),
    nodes: [{ id: new Uint8Array(20).fill(first + 1), host, port: 6881 }],
  });
  const tables = new Map([
    [4, table('192.0.2.1', 1)],
    [16, table('2001:db8::1', 3)],
  ] as const);
  await saveTables(path, tables, files);
  assert.equal(await loadTables(path, files), tables);
  assert.is((await loadTables(join(folder, 'none'), files)).size, 0);
});

saved('no more nodes are kept than any table holds', async () => {
  const nodes = Array.from({ length: 5000 }, (_, i) => ({
    id: new Uint8Array(20),
    host: `20.${i >> 8}.${i & 255}.1`,
    port: 1,
  }));
  await saveTables(path, new Map([[4, { id: new Uint8Array(20), nodes }]] as const), files);
  assert.is((await loadTables(path, files)).get(4)?.nodes.length, SAVED_NODES_MAX);
});

saved('another file is refused and stays', async () => {
  for (const content of ['hello', 'd1:ai1ee', 'd2:id3:abc5:nodes0:e']) {
    writeFileSync(path, content);
    try {
      await loadTables(path, files);
      assert.unreachable(content);
    } catch (error) {
      assert.is(error instanceof AlliumError && error.code, 'BAD_STATE', content);
    }
    assert.is(readFileSync(path, 'utf8'), content);
  }
});

saved.run();
