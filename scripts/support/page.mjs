import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { listFiles } from './inputs.mjs';
import { runQuietly } from './install.mjs';

/** Source of the web page: it runs in browsers, so it has their types and none of Node's, and a bundle of its own. */
const CLIENT = 'engine/node/web/client';
const OUT = 'dist/allium/web';

/** @param {string} path relative to the project */
export function isPageSource(path) {
  return path.startsWith(`${CLIENT}/`);
}

/** Everything the page is made of, style included. @param {string} root */
export function pageSources(root) {
  return listFiles(root, CLIENT, '');
}

/** Whether there is a page and it is built, or there is none. @param {string} root */
export function hasPage(root) {
  return !existsSync(join(root, CLIENT)) || existsSync(join(root, OUT, 'app.js'));
}

/**
 * Checks the types of the page; resolves with what the compiler complains about, or undefined.
 * @param {string} root @param {string} compiler
 */
export async function checkPage(root, compiler) {
  if (!existsSync(join(root, CLIENT))) return undefined;
  const words = [compiler, '-p', `${CLIENT}/tsconfig.json`, '--pretty', 'false'];
  const { code, output } = await runQuietly(process.execPath, words, root);
  return code === 0 ? undefined : output.trim();
}

/** Joins the page into the few files that the node serves. @param {string} root */
export async function bundlePage(root) {
  if (!existsSync(join(root, CLIENT))) return;
  const { build } = await import('esbuild');
  rmSync(join(root, OUT), { recursive: true, force: true });
  await build({
    absWorkingDir: root,
    entryPoints: {
      app: `${CLIENT}/main.ts`,
      theme: `${CLIENT}/theme-start.ts`,
      style: `${CLIENT}/styles/app.css`,
    },
    outdir: OUT,
    bundle: true,
    format: 'iife',
    platform: 'browser',
    target: ['chrome110', 'firefox110', 'safari16'],
    minify: true,
    legalComments: 'none',
    logLevel: 'error',
  });
}
