/**
 * Aim: the project stands alone: nothing names where packages came from or a path of one machine, and no source
 * keeps left-overs or switches a check off. The patterns are shown to catch what they are there for.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { maskText } from './support/mask.ts';
import { projectFiles, readProjectFile } from './support/tree.ts';

const traces = suite('traces');

/** Written apart, so that this file does not catch itself. */
const word = (...parts: readonly string[]): string => parts.join('');
const REGISTRY = new RegExp(word('registry', '\\.[a-z-]+\\.[a-z]{2,}', '|"res', 'olved": *"https?:'), 'i');
const MACHINE_PATH = new RegExp(word('(?<![\\w.~$])/(?:ro', 'ot|wo', 'rk|ho', 'me|Us', 'ers)/[a-z]'));
const LEFT_OVER = new RegExp(word('\\b(?:TO', 'DO|FIX', 'ME|XX', 'X|HA', 'CK)\\b'));
const UNCHECKED = new RegExp(
  word(
    '@ts-(?:ig',
    'nore|nocheck|expect-error)|biome-ig',
    'nore lint/(?:suspicious/noEx',
    'plicitAny|style)',
  ),
);
const IN_CODE = /\benum\s+\w+\s*\{|\bexport\s+default\b|\b\w+\.only\(|:\s*any\b|\bas\s+any\b|<any>/;

traces('the patterns catch what they are there for', () => {
  assert.match(word('https://registry', '.npmjs.org/x'), REGISTRY);
  assert.match(word('"resol', 'ved": "https://x/'), REGISTRY);
  assert.match(word('see /ro', 'ot/project'), MACHINE_PATH);
  assert.match(word("'/ho", "me/someone/x'"), MACHINE_PATH);
  assert.not.match('engine/work/x and ~/.local/share', MACHINE_PATH);
  assert.match(word('// TO', 'DO later'), LEFT_OVER);
  assert.match(word('// @ts-ig', 'nore'), UNCHECKED);
  for (const code of ['enum A {', 'export default x', 'suite.only(', 'x: any', 'y as any', 'Array<any>']) {
    assert.match(code, IN_CODE);
  }
});

traces('no file names a package registry or a path of one machine', () => {
  const files = projectFiles().filter((path) => !/\.(?:png|wasm|torrent|bin)$/.test(path));
  assert.ok(files.length > 20, 'the tree was found');
  const guilty = files.flatMap((path) => {
    const text = readProjectFile(path);
    return [REGISTRY, MACHINE_PATH].flatMap((pattern) => {
      const found = pattern.exec(text);
      return found === null ? [] : [`${path}: ${found[0]}`];
    });
  });
  assert.equal(guilty, []);
});

traces('the lockfile holds every platform’s package, with its hash: npm ci refuses one that does not', () => {
  type Locked = {
    readonly integrity?: string;
    readonly optionalDependencies?: Readonly<Record<string, string>>;
  };
  const lock = JSON.parse(readProjectFile('package-lock.json')) as {
    packages: Readonly<Record<string, Locked>>;
  };
  const places = Object.keys(lock.packages);
  const wanted = Object.values(lock.packages).flatMap((entry) =>
    Object.keys(entry.optionalDependencies ?? {}),
  );
  assert.ok(wanted.length > 10, 'there are optional packages');
  assert.equal(
    wanted.filter((name) => !places.some((place) => place.endsWith(`node_modules/${name}`))),
    [],
  );
  assert.equal(
    places.filter((place) => place !== '' && lock.packages[place]?.integrity === undefined),
    [],
  );
});

traces('no source keeps left-overs, switches a check off or uses what the rules exclude', () => {
  const sources = projectFiles().filter((path) => /\.(?:ts|mjs|py)$/.test(path));
  const guilty = sources.flatMap((path) => {
    const text = readProjectFile(path);
    const code = path.endsWith('.ts') && !path.startsWith('wasm/') ? maskText(text) : '';
    // The decorators of AssemblyScript are none of TypeScript's.
    const unchecked = path.startsWith('wasm/') ? null : UNCHECKED.exec(text);
    return [LEFT_OVER.exec(text), unchecked, IN_CODE.exec(code)].flatMap((found) =>
      found === null ? [] : [`${path}: ${found[0]}`],
    );
  });
  assert.equal(guilty, []);
});

traces.run();
