/**
 * Aim: each way of finding a peer is enough by itself, with programs that other people wrote: the local network (LSD)
 * and the DHT, both ways; and IPv6 is enough without IPv4. All of it on the loopback.
 */
import { fileURLToPath } from 'node:url';
import * as assert from 'uvu/assert';
import { Aria2 } from './support/aria2.ts';
import { Libtorrent } from './support/libtorrent.ts';
import { makePayload, type Payload } from './support/payload.ts';
import { interopSuite } from './support/peers.ts';
import { freePort, RunningProgram, runToEnd, scratchFolder, until } from './support/program.ts';
import { proves } from './support/proves.ts';
import { Transmission } from './support/transmission.ts';

const MAIN = fileURLToPath(new URL('../../engine/cli/main.js', import.meta.url));
const V4 = ['--host', '127.0.0.1', '--no-tracker', '--no-pex'];
const V6 = ['--host', '::1', '--no-tracker', '--no-pex', '--no-dht'];
const LSD = [...V4, '--no-dht', '--lsd'];
const DHT_SETTINGS = {
  enable_dht: true,
  dht_bootstrap_nodes: '',
  // All nodes of a test share one address.
  dht_restrict_routing_ips: false,
  dht_restrict_search_ips: false,
  dht_ignore_dark_internet: false,
  dht_enforce_node_id: false,
  dht_prefer_verified_node_ids: false,
};

const sources = interopSuite('one source of peers alone', ['libtorrent', 'transmission-daemon', 'aria2c'], {
  atOnce: 4,
});

async function get(torrent: string, payload: Payload, words: readonly string[]): Promise<void> {
  const out = scratchFolder();
  const run = await runToEnd(process.execPath, [MAIN, 'get', torrent, '-o', out, '--port', '0', ...words]);
  assert.is(run.code, 0, run.stderr);
  await payload.same(out);
}

async function running(words: readonly string[], isUp: RegExp): Promise<RunningProgram> {
  const program = new RunningProgram(process.execPath, [MAIN, ...words]);
  await until(`allium ${words[0]} runs`, () => {
    if (!program.running) throw new Error(`allium ${words[0]} has ended: ${program.stderr}`);
    return isUp.test(program.stderr);
  });
  return program;
}

async function seed(payload: Payload, words: readonly string[]) {
  const port = await freePort();
  const all = ['seed', payload.torrent, payload.root, '--port', String(port), ...words];
  return { port, program: await running(all, /serving/) };
}

/** The first node of a DHT of its own. */
async function bootstrap() {
  const port = await freePort();
  const program = await running(['dht', '--host', '127.0.0.1', '--port', String(port)], /listening/);
  return { port, program, words: [...V4, '--dht-bootstrap', `127.0.0.1:${port}`] };
}

async function withDht(port: number): Promise<Libtorrent> {
  const peer = await Libtorrent.start(DHT_SETTINGS);
  await peer.joinDht(port);
  return peer;
}

async function linkOf(payload: Payload): Promise<string> {
  const run = await runToEnd(process.execPath, [MAIN, 'magnet', payload.torrent]);
  assert.is(run.code, 0, run.stderr);
  return run.stdout.trim();
}

sources(proves('IPv6: from Transmission', ['IPv6 only', 'Transmission']), async () => {
  const payload = await makePayload('v1');
  const seeder = await Transmission.start();
  await seeder.complete(await seeder.add(payload.torrent, payload.root));
  await get(payload.torrent, payload, [...V6, '--peer', `[::1]:${seeder.port}`]);
  await seeder.stop();
});

sources(proves('LSD: Allium and aria2, which seeds', ['LSD only', 'aria2']), async () => {
  const payload = await makePayload('v1');
  const words = ['--bt-enable-lpd=true', '--bt-lpd-interface=127.0.0.1'];
  const seeder = await Aria2.start(payload.torrent, payload.root, words);
  await seeder.complete();
  await get(payload.torrent, payload, LSD);
  await seeder.stop();
});

sources(proves('DHT: Allium finds libtorrent', ['DHT only', 'libtorrent']), async () => {
  const payload = await makePayload('v1');
  const node = await bootstrap();
  const seeder = await withDht(node.port);
  await seeder.add({ torrent: payload.torrent, folder: payload.root, seed: true });
  await seeder.announceToDht();
  await get(await linkOf(payload), payload, node.words);
  await Promise.all([seeder.stop(), node.program.stop()]);
});

sources(proves('DHT: libtorrent finds Allium', ['DHT only', 'libtorrent']), async () => {
  const payload = await makePayload('v1');
  const node = await bootstrap();
  const { program } = await seed(payload, node.words);
  const leecher = await withDht(node.port);
  const out = scratchFolder();
  await leecher.add({ magnet: await linkOf(payload), folder: out });
  await leecher.announceToDht();
  await leecher.complete();
  await payload.same(out);
  await Promise.all([leecher.stop(), program.stop(), node.program.stop()]);
});

sources(proves('LSD: Allium and libtorrent, which seeds', ['LSD only', 'libtorrent']), async () => {
  const payload = await makePayload('v1');
  const seeder = await Libtorrent.start({ enable_lsd: true });
  await seeder.add({ torrent: payload.torrent, folder: payload.root, seed: true });
  await get(payload.torrent, payload, LSD);
  await seeder.stop();
});

sources(proves('LSD: libtorrent and Allium, which seeds', ['LSD only', 'libtorrent']), async () => {
  const payload = await makePayload('v1');
  const { program } = await seed(payload, LSD);
  const leecher = await Libtorrent.start({ enable_lsd: true });
  const out = scratchFolder();
  await leecher.add({ torrent: payload.torrent, folder: out });
  await leecher.complete();
  await payload.same(out);
  await Promise.all([leecher.stop(), program.stop()]);
});

sources(proves('IPv6: from libtorrent', ['IPv6 only', 'libtorrent']), async () => {
  const payload = await makePayload('v1');
  const seeder = await onIpv6();
  await seeder.add({ torrent: payload.torrent, folder: payload.root, seed: true });
  await get(payload.torrent, payload, [...V6, '--peer', `[::1]:${seeder.port}`]);
  await seeder.stop();
});

sources(proves('IPv6: to libtorrent', ['IPv6 only', 'libtorrent']), async () => {
  const payload = await makePayload('v1');
  const { port, program } = await seed(payload, V6);
  const leecher = await onIpv6();
  const out = scratchFolder();
  await leecher.add({ torrent: payload.torrent, folder: out });
  await leecher.connect(port, 0, '::1');
  await leecher.complete();
  await payload.same(out);
  await Promise.all([leecher.stop(), program.stop()]);
});

async function onIpv6(): Promise<Libtorrent> {
  const port = await freePort();
  const settings = { listen_interfaces: `[::1]:${port}`, outgoing_interfaces: '' };
  return Libtorrent.start(settings, port);
}

sources.run();
