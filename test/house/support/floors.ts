import { importsOf, resolveImport } from './imports.ts';
import { maskText } from './mask.ts';

/** Which floor each room of engine/ stands on. */
const FLOORS: Readonly<Record<string, number>> = {
  codec: 1,
  kernels: 1,
  bittorrent: 2,
  discovery: 2,
  onion: 2,
  society: 2,
  runtime: 3,
  node: 4,
  lab: 4,
  cli: 5,
};
/** Types only; everyone may import it. */
const PORT = 'engine/runtime/port.ts';
/** What the build makes of the client of the web page, seen from dist/. */
const BUILT_PAGE = 'allium/web/';
/** The only step sideways: kernels throw the errors of codec. */
const SIDEWAYS: ReadonlySet<string> = new Set(['kernels codec']);

/** Modules of Node that are plain computation. Everything else on floor 2 comes by the Runtime. */
const PURE_MODULES: ReadonlySet<string> = new Set(['node:buffer', 'node:path', 'node:path/posix']);
/**
 * What of `node:crypto` gives the same for the same input. The rest of it is chance: also `publicEncrypt`, whose
 * padding is random. (`sign` and `privateEncrypt` are here for Ed25519 and RSA; ECDSA by `sign` would be chance.)
 */
const PURE_CRYPTO: ReadonlySet<string> = new Set([
  'constants',
  'createCipheriv',
  'createDecipheriv',
  'createHash',
  'createHmac',
  'createPrivateKey',
  'createPublicKey',
  'createSecretKey',
  'diffieHellman',
  'hash',
  'hkdfSync',
  'privateEncrypt',
  'publicDecrypt',
  'sign',
  'timingSafeEqual',
  'verify',
  'Hash',
  'KeyObject',
]);
/** Of `node:zlib` what ends before it returns. */
const PURE_ZLIB: ReadonlySet<string> = new Set([
  'constants',
  'deflateSync',
  'gunzipSync',
  'gzipSync',
  'inflateSync',
]);
const PURE_NAMES: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ['node:crypto', PURE_CRYPTO],
  ['node:zlib', PURE_ZLIB],
]);
/** The clock, chance, the network, the disk and the process, as names that need no import. */
const IMPURE =
  /(?<![.\w$#])(?:Date|performance|setTimeout|setInterval|setImmediate|clearTimeout|clearInterval|clearImmediate|process(?!\s*\.\s*platform\b)|globalThis|global|fetch|WebSocket|EventSource|XMLHttpRequest|crypto|navigator|Worker|console)\b(?!\s*[?]?:)|\bMath\s*\.\s*random\b|\bMath\s*\[|\bAtomics\s*\.\s*wait(?:Async)?\b/g;

/** Why the imports of the file `path` break the floor rule; empty when they do not. */
export function floorViolations(
  path: string,
  source: string,
  packages: ReadonlySet<string>,
): readonly string[] {
  const room = roomOf(path);
  if (room === undefined) return [`${path}: stands in no room of the house`];
  return importsOf(source).flatMap(({ specifier, line }) => {
    const say = (what: string): string[] => [`${path}:${line}: ${what}`];
    if (specifier === undefined) return say('a computed import cannot be checked');
    if (specifier.startsWith('node:')) return [];
    const target = resolveImport(path, specifier);
    if (target === undefined) {
      const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
      return packages.has(name) ? [] : say(`${name} is not among the dependencies in package.json`);
    }
    if (target === PORT) return [];
    if (target === 'dist/wasm' || target.startsWith('wasm/') || target === BUILT_PAGE) return [];
    const targetRoom = roomOf(target);
    if (targetRoom === undefined) return say(`${target} is outside of engine/`);
    if (targetRoom === room || SIDEWAYS.has(`${room} ${targetRoom}`)) return [];
    const [from = 0, to = 0] = [FLOORS[room], FLOORS[targetRoom]];
    if (from > to) return [];
    return say(`${room} (floor ${from}) imports ${targetRoom} (floor ${to}): imports only point down`);
  });
}

function roomOf(path: string): string | undefined {
  const match = /^engine\/(\w+)\//.exec(path);
  const room = match?.[1];
  return room !== undefined && room in FLOORS ? room : undefined;
}

/** Where a file of floor 2 reaches for clock, chance, network, disk or process by itself. */
export function purityViolations(path: string, source: string): readonly string[] {
  if (FLOORS[roomOf(path) ?? ''] !== 2) return [];
  const modules = importsOf(source).flatMap(({ specifier, line, names }) => {
    if (specifier === undefined || !specifier.startsWith('node:') || PURE_MODULES.has(specifier)) return [];
    const pure = PURE_NAMES.get(specifier);
    if (pure !== undefined && names?.every((name) => pure.has(name)) === true) return [];
    return [`${path}:${line}: ${specifier}`];
  });
  const masked = maskText(source);
  const names = [...masked.matchAll(IMPURE)].map((match) => {
    return `${path}:${masked.slice(0, match.index).split('\n').length}: ${match[0].trim()}`;
  });
  return [...modules, ...names];
}
