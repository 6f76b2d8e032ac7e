/**
 * A node of the npm package bittorrent-dht: bittorrent_dht.mjs PORT FOLDER NODE_PORT…, where FOLDER holds node_modules.
 */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [port, folder, ...nodes] = process.argv.slice(2);
// The package exports nothing that could be resolved from elsewhere.
const entry = join(folder, 'node_modules', 'bittorrent-dht', 'index.js');
const { default: DHT } = await import(pathToFileURL(entry).href);
const dht = new DHT({ bootstrap: false });
dht.on('error', () => {});
dht.on('warning', () => {});
dht.listen(Number(port), '127.0.0.1', () => {
  for (const node of nodes) dht.addNode({ host: '127.0.0.1', port: Number(node) });
  process.stdout.write('READY\n');
});
