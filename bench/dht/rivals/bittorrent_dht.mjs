/**
 * A node of the npm package bittorrent-dht: bittorrent_dht.mjs PORT FOLDER NODE_PORT…, where FOLDER holds node_modules.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [port, folder, ...nodes] = process.argv.slice(2);
const require = createRequire(join(folder, 'package.json'));
const { default: DHT } = await import(pathToFileURL(require.resolve('bittorrent-dht')).href);
const dht = new DHT({ bootstrap: false });
dht.on('error', () => {});
dht.on('warning', () => {});
dht.listen(Number(port), '127.0.0.1', () => {
  for (const node of nodes) dht.addNode({ host: '127.0.0.1', port: Number(node) });
  process.stdout.write('READY\n');
});
