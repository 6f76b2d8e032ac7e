/**
 * WebTorrent over TCP for the benchmark, on 127.0.0.1 only.
 *
 *   node webtorrent_worker.mjs JOB TORRENT FOLDER PORT PACKAGES
 *
 * PACKAGES is a folder whose node_modules holds webtorrent. JOB is seed (prints READY), verify (prints DONE and ends)
 * or leech (prints READY, then DONE). Its addon for WebRTC is replaced by an empty one: it is not used here.
 */
import { readFileSync } from 'node:fs';
import { createRequire, register } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [job, torrentPath, folder, port, packages] = process.argv.slice(2);
const names = ['PeerConnection', 'SessionDescription', 'IceCandidate', 'IceTransport', 'DataChannel'];
const more = ['SctpTransport', 'DtlsTransport', 'Certificate'];
const empty = [...names, ...more].map((name) => `Nothing as RTC${name}`).join(', ');
const stub = `class Nothing {}; export { ${empty}, Nothing as MediaStream, Nothing as MediaStreamTrack }; export default Nothing;`;
const hook = `export async function resolve(name, context, next) {
  const isAddon = name === 'webrtc-polyfill' || name.split('/')[0] === 'node-datachannel';
  return isAddon ? { url: ${JSON.stringify(`data:text/javascript,${encodeURIComponent(stub)}`)}, shortCircuit: true } : next(name, context);
}`;
register(`data:text/javascript,${encodeURIComponent(hook)}`);

const entry = createRequire(pathToFileURL(join(packages, 'package.json'))).resolve('webtorrent');
const { default: WebTorrent } = await import(pathToFileURL(entry).href);
const client = new WebTorrent({
  ...{ dht: false, tracker: false, lsd: false, utp: false, utPex: false, natUpnp: false, natPmp: false },
  ...{ webSeeds: false, torrentPort: Number(port), maxConns: 500, uploadLimit: -1, downloadLimit: -1 },
});
const say = (word) => process.stdout.write(`${word}\n`);
client.on('error', (error) => {
  say(`webtorrent: ${error.message}`);
  process.exit(1);
});
const options = { path: folder, announce: [], skipVerify: job === 'seed', uploads: 500 };
const torrent = client.add(readFileSync(torrentPath), options);
torrent.on('ready', () => {
  if (job === 'leech') say('READY');
});
torrent.on('done', () => {
  say(job === 'seed' ? 'READY' : 'DONE');
  if (job === 'verify') process.exit(0);
});
process.on('SIGTERM', () => process.exit(0));
