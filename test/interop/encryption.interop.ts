/**
 * Aim: with encryption required on both sides Allium exchanges data with libtorrent (RC4 only), Transmission and aria2,
 * dialling and being dialled; and it downloads through microsocks with nothing else allowed to leave.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as assert from 'uvu/assert';
import { Aria2 } from './support/aria2.ts';
import { Libtorrent } from './support/libtorrent.ts';
import { interopSuite, peerPath } from './support/peers.ts';
import { freePort, RunningProgram, runToEnd, scratchFolder, until } from './support/program.ts';
import { proves } from './support/proves.ts';
import { Transmission } from './support/transmission.ts';

const MAIN = fileURLToPath(new URL('../../engine/cli/main.js', import.meta.url));
const LOOPBACK = ['--host', '127.0.0.1', '--no-tracker'];
const REQUIRED = ['--encryption', 'require'];
/** pe_forced for both directions, pe_rc4 alone. */
const FORCED = { in_enc_policy: 0, out_enc_policy: 0, allowed_enc_level: 2, prefer_rc4: true } as const;
/** Plaintext behind the handshake is allowed, and liked better. */
const OBFUSCATED = { in_enc_policy: 0, out_enc_policy: 0, allowed_enc_level: 3, prefer_rc4: false } as const;
const ARIA2_FORCED = ['--bt-require-crypto=true', '--bt-min-crypto-level=arc4'];

const suite = interopSuite(
  'encrypted and through a proxy',
  ['libtorrent', 'transmission-daemon', 'aria2c', 'microsocks'],
  { atOnce: 4 },
);

interface Payload {
  readonly root: string;
  readonly torrent: string;
  readonly data: Buffer;
}

async function makePayload(): Promise<Payload> {
  const root = scratchFolder();
  const data = randomBytes(3_000_001);
  await mkdir(join(root, 'payload'));
  await writeFile(join(root, 'payload', 'data.bin'), data);
  const torrent = join(root, 'payload.torrent');
  const maker = await Libtorrent.start();
  await maker.create({ path: join(root, 'payload'), out: torrent, kind: 'v1', pieceBytes: 65_536 });
  await maker.stop();
  return { root, torrent, data };
}

async function same(payload: Payload, folder: string): Promise<void> {
  assert.ok(payload.data.equals(await readFile(join(folder, 'payload', 'data.bin'))), 'other bytes');
}

async function get(payload: Payload, port: number, more: readonly string[]): Promise<void> {
  const out = scratchFolder();
  const words = ['get', payload.torrent, '-o', out, '--peer', `127.0.0.1:${port}`, '--port', '0'];
  const run = await runToEnd(process.execPath, [MAIN, ...words, ...LOOPBACK, ...more]);
  assert.is(run.code, 0, run.stderr);
  await same(payload, out);
}

async function seed(
  payload: Payload,
  more: readonly string[],
): Promise<{ port: number; program: RunningProgram }> {
  const port = await freePort();
  const words = ['seed', payload.torrent, payload.root, '--port', String(port), ...LOOPBACK, ...more];
  const program = new RunningProgram(process.execPath, [MAIN, ...words]);
  await until('allium seeds', () => {
    if (!program.running) throw new Error(`allium seed has ended: ${program.stderr}`);
    return program.stderr.includes('serving');
  });
  return { port, program };
}

suite(
  proves('from Transmission, encryption required by both', ['MSE required: we download', 'Transmission']),
  async () => {
    const payload = await makePayload();
    const seeder = await Transmission.start({ encryption: 2 });
    await seeder.complete(await seeder.add(payload.torrent, payload.root));
    await get(payload, seeder.port, REQUIRED);
    await seeder.stop();
  },
);

suite(
  proves('to Transmission, which is dialled, encryption required by both', [
    'MSE required: they download',
    'Transmission',
  ]),
  async () => {
    const payload = await makePayload();
    const out = scratchFolder();
    const leecher = await Transmission.start({ encryption: 2 });
    const id = await leecher.add(payload.torrent, out);
    const { program } = await seed(payload, [...REQUIRED, '--peer', `127.0.0.1:${leecher.port}`]);
    assert.is((await leecher.complete(id)).corruptEver, 0);
    await same(payload, out);
    await leecher.stop();
    await program.stop();
  },
);

for (const [name, settings, words] of [
  ['RC4 only, required by both', FORCED, REQUIRED],
  ['plaintext behind the handshake', OBFUSCATED, ['--encryption', 'prefer']],
] as const) {
  suite(proves(`from libtorrent: ${name}`, ['MSE required: we download', 'libtorrent']), async () => {
    const payload = await makePayload();
    const seeder = await Libtorrent.start(settings);
    await seeder.add({ torrent: payload.torrent, folder: payload.root, seed: true });
    await get(payload, seeder.port, words);
    await seeder.stop();
  });

  suite(
    proves(`to libtorrent, which dials: ${name}`, ['MSE required: they download', 'libtorrent']),
    async () => {
      const payload = await makePayload();
      const { port, program } = await seed(payload, words);
      const out = scratchFolder();
      const leecher = await Libtorrent.start(settings);
      await leecher.add({ torrent: payload.torrent, folder: out });
      await leecher.connect(port);
      assert.is((await leecher.complete()).failedBytes, 0);
      await same(payload, out);
      await leecher.stop();
      await program.stop();
    },
  );
}

suite(proves('from aria2, encryption required by both', ['MSE required: we download', 'aria2']), async () => {
  const payload = await makePayload();
  const seeder = await Aria2.start(payload.torrent, payload.root, ARIA2_FORCED);
  await seeder.complete();
  await get(payload, seeder.port, REQUIRED);
  await seeder.stop();
});

suite(
  proves('to aria2, which is dialled, encryption required by both', ['MSE required: they download', 'aria2']),
  async () => {
    const payload = await makePayload();
    const out = scratchFolder();
    const leecher = await Aria2.start(payload.torrent, out, ARIA2_FORCED);
    const { program } = await seed(payload, [...REQUIRED, '--peer', `127.0.0.1:${leecher.port}`]);
    await leecher.complete();
    await same(payload, out);
    await leecher.stop();
    await program.stop();
  },
);

suite(
  proves('through microsocks with a log-in, and nothing beside it', [
    'SOCKS5, and nothing beside it',
    'microsocks',
  ]),
  async () => {
    const payload = await makePayload();
    const seeder = await Libtorrent.start();
    await seeder.add({ torrent: payload.torrent, folder: payload.root, seed: true });
    const port = await freePort();
    const words = ['-i', '127.0.0.1', '-p', String(port), '-u', 'me', '-P', 'secret'];
    const proxy = new RunningProgram(peerPath('microsocks'), words);
    await new Promise((resolve) => setTimeout(resolve, 300));
    await get(payload, seeder.port, ['--proxy', `socks5://me:secret@127.0.0.1:${port}`, '--proxy-only']);
    assert.match(proxy.stderr, new RegExp(`connected to 127\\.0\\.0\\.1:${seeder.port}`));
    await proxy.stop();
    await seeder.stop();
  },
);

suite.run();
