import { chmodSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** The command `allium`. It lies as deep in dist/ as the modules it is made of: `../../wasm` holds for both. */
export const PROGRAM = 'dist/allium/bin/main.js';

/** Modules that are started by name, by the name that the code knows them by. */
const ENTRIES = {
  main: 'dist/engine/cli/main.js',
  worker: 'dist/engine/kernels/worker.js',
  'sender-thread': 'dist/engine/runtime/real/senders/sender-thread.js',
  'relay-shard': 'dist/engine/node/relay/shards/relay-shard.js',
};

/**
 * Joins the compiled modules into a few files: a program of 150 modules takes 80 ms longer to start. Packages that
 * load files of their own stay outside.
 * @param {string} root
 */
export async function bundleProgram(root) {
  const { build } = await import('esbuild');
  const entries = Object.entries(ENTRIES).filter(([, path]) => existsSync(join(root, path)));
  const outdir = join(root, PROGRAM, '..');
  rmSync(outdir, { recursive: true, force: true });
  await build({
    absWorkingDir: root,
    entryPoints: entries.map(([out, path]) => ({ in: path, out })),
    outdir,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    external: ['bullmq', 'ioredis', 'lmdb', 'msgpackr', 'pino', 'piscina'],
    // commander is CommonJS: it requires modules of Node.
    banner: {
      js: "import { createRequire as __of } from 'node:module'; const require = __of(import.meta.url);",
    },
    chunkNames: '[name]-[hash]',
    logLevel: 'error',
  });
  chmodSync(join(root, PROGRAM), 0o755);
}
