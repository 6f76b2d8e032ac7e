/**
 * Aim: the node as a program: it ends cleanly on SIGINT and SIGTERM, says in one line why it cannot start, with the
 * right exit code, and a full disk stops the torrent and nothing else.
 */
import { spawn } from 'node:child_process';
import { readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { NodeProcess } from '../support/node-process.ts';
import { Scene } from '../support/scene.ts';

const MAIN = fileURLToPath(new URL('../../../engine/cli/main.js', import.meta.url));
const program = suite<{ scene: Scene }>('allium node');

program.before.each(async (context) => {
  context.scene = await Scene.open();
});
program.after.each(async ({ scene }) => {
  NodeProcess.endAll();
  await scene.close();
});

program('SIGINT and SIGTERM end it cleanly; it says where it is and shows the torrent', async ({ scene }) => {
  scene.give();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    const node = new NodeProcess(scene.folder);
    const torrent = await node.untilState('seeding');
    assert.is(torrent.name, 'data');
    assert.is(await node.stop(signal), 0, node.log);
    assert.match(node.log, '"stopped"');
  }
});

program('a signal while it starts is heeded, too', async ({ scene }) => {
  const node = new NodeProcess(scene.folder);
  await new Promise((resolve) => setTimeout(resolve, 300));
  await node.stop('SIGTERM');
  assert.not.match(node.log, 'bug in Allium');
  const again = new NodeProcess(scene.folder);
  await again.ready();
  assert.is(await again.stop(), 0);
});

program('a damaged store: exit code 2, one line with advice, nothing changed', async ({ scene }) => {
  scene.give();
  const node = new NodeProcess(scene.folder);
  await node.untilState('seeding');
  await node.stop();
  const data = join(scene.folder, 'state', 'db', 'data.mdb');
  const cut = 4096 * Math.floor(statSync(data).size / 8192);
  truncateSync(data, cut);
  const broken = new NodeProcess(scene.folder);
  assert.is(await broken.exit(), 2);
  assert.match(broken.log, /^allium node: the store of the node is damaged: .*\. Nothing was changed\..*\n$/);
  assert.is(statSync(data).size, cut);
});

program(
  'no permission, a file where a folder should be, a port that is taken: exit code 3 and one line',
  async ({ scene }) => {
    const file = join(scene.folder, 'file');
    writeFileSync(file, '');
    const inFile = new NodeProcess(scene.folder, ['--state', join(file, 'state')]);
    assert.is(await inFile.exit(), 3);
    assert.match(inFile.log, /^allium node: cannot create the folder .*\n$/);
    const downloads = new NodeProcess(scene.folder, ['--downloads', file]);
    assert.is(await downloads.exit(), 3);
    assert.match(downloads.log, /^allium node: cannot create the folder .*\n$/);
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const taken = new NodeProcess(scene.folder, ['--port', String(port)]);
    assert.is(await taken.exit(), 3);
    assert.match(taken.log, /^allium node: cannot listen on 127\.0\.0\.1 port \d+: EADDRINUSE\. .*\n$/);
    server.close();
  },
);

program('wrong settings: exit code 2 and one line', async ({ scene }) => {
  const wrong = new NodeProcess(scene.folder, [], { ALLIUM_SLOTS: 'many' });
  assert.is(await wrong.exit(), 2);
  assert.match(wrong.log, /^allium node: the setting “slots” from the environment is wrong\. .*\n$/);
});

program(
  'a disk that is full stops the torrent with the reason; what is verified stays',
  async ({ scene }) => {
    scene.give();
    // A limit on the length of files is a disk that is full, as far as a program can tell.
    const folders = ['--state', 'state', '--downloads', 'downloads', '--watch', 'watch'];
    const words = ['--host', '127.0.0.1', '--port', '0', '--no-status', '--memory', '32MiB', ...folders];
    const limited = spawn(
      'bash',
      ['-c', 'ulimit -f 400; exec "$0" "$@"', process.execPath, MAIN, 'node', ...words],
      {
        cwd: scene.folder,
        stdio: ['ignore', 'ignore', 'pipe'],
        env: { ...process.env, NODE_V8_COVERAGE: '' },
      },
    );
    let log = '';
    await new Promise<void>((resolve) => {
      limited.on('close', () => resolve());
      limited.stderr.setEncoding('utf8').on('data', (text: string) => {
        // Once: a second signal would end it at once.
        const isFirst = !log.includes('cannot write');
        log += text;
        if (isFirst && log.includes('cannot write')) limited.kill('SIGTERM');
      });
    });
    assert.match(log, /“data”: cannot write .*data/);
    assert.match(log, '"stopped"', log);
    assert.is(limited.exitCode, 0);
    const visitsBefore = scene.seeder.visits.length;
    const roomy = new NodeProcess(scene.folder);
    await roomy.untilState('seeding');
    assert.ok(scene.seeder.visits[visitsBefore]!.believed.size > 0, 'what was verified was kept');
    await roomy.stop();
    for (const [path, bytes] of scene.torrent.content) {
      assert.ok(readFileSync(scene.pathOf(path)).equals(bytes), path);
    }
  },
);

program.run();
