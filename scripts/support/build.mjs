import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundleProgram, PROGRAM } from './bundle.mjs';
import { CompileError } from './fail.mjs';
import { fingerprint, listFiles } from './inputs.mjs';
import { lockfileStamp, runQuietly } from './install.mjs';
import { bundlePage, checkPage, hasPage, isPageSource, pageSources } from './page.mjs';

const SOURCE_FOLDERS = ['engine', 'test', 'bench'];
const COMPILER = 'node_modules/typescript/bin/tsc';
const ASC = 'node_modules/assemblyscript/bin/asc.js';
const BUILD_INFO = 'dist/.tsbuildinfo';
const STAMPS = 'dist/.stamps.json';

/** @typedef {{ typescript?: string, wasm?: string }} Stamps */

/** What each part of the build is made from, as it is now. @param {string} root @returns {Required<Stamps>} */
export function currentInputs(root) {
  const installed = lockfileStamp(root);
  const sources = SOURCE_FOLDERS.flatMap((folder) => listFiles(root, folder, '.ts'));
  const kernels = listFiles(root, 'wasm', '');
  return {
    typescript: fingerprint(root, [...sources, ...pageSources(root), 'tsconfig.json'], [installed]),
    wasm: fingerprint(root, [...kernels, 'asconfig.json'], [installed]),
  };
}

/** What the last build that worked was made from. @param {string} root @returns {Stamps} */
export function builtInputs(root) {
  try {
    const stamps = JSON.parse(readFileSync(join(root, STAMPS), 'utf8'));
    return typeof stamps === 'object' && stamps !== null ? stamps : {};
  } catch {
    return {};
  }
}

/** Whether there is nothing to build. @param {string} root */
export function isBuilt(root) {
  const now = currentInputs(root);
  const then = builtInputs(root);
  return (
    now.typescript === then.typescript &&
    now.wasm === then.wasm &&
    existsSync(join(root, PROGRAM)) &&
    hasPage(root) &&
    hasKernels(root)
  );
}

function hasKernels(root) {
  if (listFiles(root, 'wasm', '.ts').length === 0) return true;
  const { targets } = JSON.parse(readFileSync(join(root, 'asconfig.json'), 'utf8'));
  return Object.values(targets).every(({ outFile }) => existsSync(join(root, outFile)));
}

/**
 * Builds what is out of date. Rejects with a CompileError that carries the compiler's words.
 * @param {string} root
 * @param {(line: string) => void} say
 */
export async function build(root, say) {
  const now = currentInputs(root);
  const then = builtInputs(root);
  mkdirSync(join(root, 'dist'), { recursive: true });
  const parts = [];
  if (now.typescript !== then.typescript || !existsSync(join(root, PROGRAM)) || !hasPage(root)) {
    parts.push(buildTypeScript(root, say).then(() => ({ typescript: now.typescript })));
  }
  if (now.wasm !== then.wasm || !hasKernels(root))
    parts.push(buildWasm(root, say).then(() => ({ wasm: now.wasm })));
  const results = await Promise.allSettled(parts);
  const done = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  // A part that failed keeps no stamp: its old output may be half gone.
  const kept = {
    ...(now.typescript === then.typescript ? { typescript: then.typescript } : {}),
    ...(now.wasm === then.wasm ? { wasm: then.wasm } : {}),
  };
  writeFileSync(join(root, STAMPS), `${JSON.stringify(Object.assign(kept, ...done))}\n`);
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}

async function buildTypeScript(root, say) {
  say('compiling TypeScript');
  const sources = SOURCE_FOLDERS.flatMap((folder) => listFiles(root, folder, '.ts')).filter(
    (path) => !isPageSource(path),
  );
  removeOrphans(root, sources);
  const outputs = sources.filter((path) => !path.endsWith('.d.ts')).map((path) => outputOf(path));
  // The compiler trusts its notes about what it wrote earlier; they are wrong when someone deleted outputs.
  if (outputs.some((path) => !existsSync(join(root, path)))) rmSync(join(root, BUILD_INFO), { force: true });
  const { code, output } = await runQuietly(
    process.execPath,
    [COMPILER, '-p', 'tsconfig.json', '--pretty', 'false'],
    root,
  );
  // One that was killed complains without a word.
  const complaints = [code === 0 ? undefined : output.trim(), await checkPage(root, COMPILER)].filter(
    (text) => text !== undefined,
  );
  if (complaints.length === 0) {
    await bundlePage(root);
    return bundleProgram(root);
  }
  const error = new CompileError(
    'TypeScript does not compile',
    `The compiler said:\n${complaints.join('\n')}`,
  );
  error.isRunnable = outputs.every((path) => existsSync(join(root, path)));
  throw error;
}

function outputOf(source) {
  return `dist/${source.slice(0, -'.ts'.length)}.js`;
}

/** Outputs whose source is gone must not be run or imported any more. */
function removeOrphans(root, sources) {
  const wanted = new Set(sources.map(outputOf));
  for (const folder of SOURCE_FOLDERS) {
    for (const path of listFiles(root, `dist/${folder}`, '.js')) {
      if (wanted.has(path)) continue;
      rmSync(join(root, path), { force: true });
      rmSync(join(root, `${path}.map`), { force: true });
    }
  }
}

async function buildWasm(root, say) {
  const config = JSON.parse(readFileSync(join(root, 'asconfig.json'), 'utf8'));
  if (listFiles(root, 'wasm', '.ts').length === 0) return;
  say('compiling AssemblyScript');
  for (const target of Object.keys(config.targets)) {
    // A target may have an entry file of its own: wasm/index.plain.ts for the engine without SIMD.
    const own = `wasm/index.${target}.ts`;
    const entry = existsSync(join(root, own)) ? own : 'wasm/index.ts';
    const words = [ASC, entry, '--config', 'asconfig.json', '--target', target];
    const { code, output } = await runQuietly(process.execPath, words, root);
    if (code !== 0) {
      throw new CompileError(
        `the ${target} kernels do not compile`,
        `AssemblyScript said:\n${output.trim()}`,
      );
    }
  }
}
