import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Callback, type Context, suite, type Test } from 'uvu';
import { Lanes } from './lanes.ts';
import { endPrograms } from './program.ts';
import { record } from './proves.ts';

/** Programs that other people wrote, and the Debian package that brings each. */
const PACKAGES = {
  libtorrent: 'python3-libtorrent',
  'transmission-daemon': 'transmission-daemon',
  'transmission-create': 'transmission-cli',
  'transmission-show': 'transmission-cli',
  'transmission-edit': 'transmission-cli',
  'transmission-remote': 'transmission-cli',
  aria2c: 'aria2',
  mktorrent: 'mktorrent',
  rtorrent: 'rtorrent',
  'qbittorrent-nox': 'qbittorrent-nox',
  opentracker: 'opentracker',
  'redis-server': 'redis-server',
  microsocks: 'microsocks',
  chromium: 'chromium',
  tor: 'tor',
  'tor-gencert': 'tor',
} as const;

/** What uvu hands to a test. */
type TestContext = Parameters<Callback<Context>>[0];

export type PeerName = keyof typeof PACKAGES;

/** Wanted where it is installed, but no run may insist on it. */
const OPTIONAL: ReadonlySet<PeerName> = new Set(['rtorrent', 'qbittorrent-nox']);

const found = new Map<PeerName, string | undefined>();

/** Where the program is; for libtorrent the Python that can import it; undefined when it is not installed. */
export function findPeer(name: PeerName): string | undefined {
  if (!found.has(name)) found.set(name, name === 'libtorrent' ? findLibtorrent() : findProgram(name));
  return found.get(name);
}

/** Where the program is. Throws when it is not installed: the suite did not ask for it. */
export function peerPath(name: PeerName): string {
  const path = findPeer(name);
  if (path === undefined) throw new Error(`${name} is not installed, and the suite does not name it`);
  return path;
}

function findProgram(name: string): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders
    .map((folder) => join(folder, name))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

/** The first `python3` may belong to a version manager and not see the packages of the system. */
function findLibtorrent(): string | undefined {
  const candidates = [findProgram('python3'), '/usr/bin/python3'].filter((path) => path !== undefined);
  return candidates.find(
    (path) => spawnSync(path, ['-c', 'import libtorrent'], { timeout: 20_000 }).status === 0,
  );
}

/**
 * A uvu suite that needs these programs. When one is missing, its tests are skipped and the test run says so in
 * its closing lines; with ALLIUM_REQUIRE_PEERS=1 they fail instead. Programs still running after its last test are
 * killed. `atOnce`: that many tests run at the same time, as most of them wait for the timers of others; they must
 * share nothing.
 */
export function interopSuite(
  name: string,
  peers: readonly PeerName[],
  { atOnce = 1 }: { readonly atOnce?: number } = {},
): Test<Context> {
  const inner = suite(name);
  const missing = peers.filter((peer) => findPeer(peer) === undefined);
  if (missing.length === 0) {
    inner.after(endPrograms);
    return recording(inner, new Lanes<TestContext>({ count: atOnce }));
  }
  const packages = [...new Set(missing.map((peer) => `${peer}: Debian package ${PACKAGES[peer]}`))].join(
    ', ',
  );
  const required = process.env.ALLIUM_REQUIRE_PEERS === '1' && missing.some((peer) => !OPTIONAL.has(peer));
  if (!required) process.stdout.write(`[needs ${packages}]\n`);
  return standIn(inner, required ? `ALLIUM_REQUIRE_PEERS=1, but these are missing: ${packages}` : undefined);
}

/** Notes how each test went that says what it proves. */
function recording(inner: Test<Context>, lanes: Lanes<TestContext>): Test<Context> {
  const register = (name: string, test: Callback<Context>): void => {
    const number = lanes.add(async (context) => {
      try {
        await test(context);
        record(name, 'passed');
      } catch (error) {
        record(name, 'failed');
        throw error;
      }
    });
    inner(name, (context) => lanes.outcome(number, context));
  };
  return Object.assign(register, {
    only: inner.only,
    skip: inner.skip,
    before: inner.before,
    after: inner.after,
    run: inner.run,
  }) as Test<Context>;
}

/** Registers skips, or failures when there is a complaint, in place of the tests it is given. */
function standIn(inner: Test<Context>, complaint: string | undefined): Test<Context> {
  const register = (name: string, _test: Callback<Context>): void => {
    if (complaint === undefined) inner.skip(name);
    else {
      inner(name, () => {
        throw new Error(complaint);
      });
    }
  };
  const ignoreHook = Object.assign((_hook: Callback<Context>): void => {}, {
    each: (_hook: Callback<Context>): void => {},
  });
  return Object.assign(register, {
    only: register,
    skip: inner.skip,
    before: ignoreHook,
    after: ignoreHook,
    run: inner.run,
  }) as Test<Context>;
}
