import { SimWorld } from '../../../engine/runtime/sim/world.ts';
import type { TestWorld } from '../conformance/world.ts';

const PATIENCE_MS = 600_000;

/** Two virtual hosts and whatever else a test adds. */
export interface VirtualWorld extends TestWorld {
  readonly world: SimWorld;
}

export async function makeSimWorld(
  options: { readonly seed?: number; readonly tcp?: 'ideal' | 'reno' } = {},
): Promise<VirtualWorld> {
  const world = new SimWorld({ seed: options.seed ?? 1, tcp: options.tcp ?? 'ideal', closeTimeoutMs: 600 });
  const left = world.host({ address: '10.0.0.1' });
  const right = world.host({ address: '10.0.0.2' });
  world.link(left, right, { latencyMs: 3 });
  let servers = 0;
  left.disk.tree.makeFolder('/data');
  return {
    name: 'sim',
    world,
    left: left.runtime,
    right: right.runtime,
    rightHost: '10.0.0.2',
    listenHost: '0.0.0.0',
    closeTimeoutMs: 600,
    folder: '/data',
    async wait(promise) {
      let settled = false;
      const mark = (): void => {
        settled = true;
      };
      promise.then(mark, mark);
      await world.run({ until: () => settled, forMs: PATIENCE_MS });
      if (!settled) throw new Error('in vain: a promise');
      return promise;
    },
    async until(what, condition) {
      await world.run({ until: condition, forMs: PATIENCE_MS });
      if (!condition()) throw new Error(`in vain: ${what}`);
    },
    async pass(durationMs) {
      await world.run({ forMs: durationMs });
    },
    blackHole: async () => ({ host: '10.9.9.9', port: 80 }),
    closedPort: async () => 9,
    async serve(server) {
      const authority = `server-${servers++}.test`;
      world.serveHttp(authority, (request) => {
        const { pathname, search } = new URL(request.url);
        const answer = server(pathname + search, request.method ?? 'GET', request.body ?? new Uint8Array(0));
        if (answer.instead === 'silence') return new Promise(() => {});
        if (answer.instead === 'break') throw new Error('broken');
        return { status: answer.status ?? 200, body: Buffer.from(answer.body ?? '') };
      });
      return `http://${authority}`;
    },
    nobodyUrl: async () => 'http://nobody.test',
    async fullFile() {
      left.disk.put('/full/file', new Uint8Array(0));
      left.disk.capacityBytes = left.disk.usedBytes + 4096;
      return '/full/file';
    },
    async whileDenied(path, action) {
      const allow = left.disk.addFault((operation) => (operation.path === path ? 'EACCES' : undefined));
      await action();
      allow();
      return true;
    },
    async close() {},
  };
}
