import type { Test } from 'uvu';
import * as assert from 'uvu/assert';
import type { HttpRequest } from '../../../engine/runtime/port.ts';
import { codeOf } from './errors.ts';
import type { MakeWorld, TestServer, TestWorld } from './world.ts';

const server: TestServer = (path, method, body) => {
  if (path === '/silent') return { instead: 'silence' };
  if (path === '/broken') return { instead: 'break' };
  if (path === '/missing') return { status: 404, body: 'nothing here' };
  if (path === '/long') return { body: 'x'.repeat(1001) };
  return { body: `${method} ${path} ${Buffer.from(body).toString()}` };
};

/** Small web exchanges: what every world must do. */
export function httpConformance(test: Test, makeWorld: MakeWorld): void {
  const inWorld = (name: string, body: (world: TestWorld, url: string) => Promise<void>): void => {
    test(name, async () => {
      const world = await makeWorld();
      await body(world, await world.serve(server));
      await world.close();
    });
  };
  const ask = async (world: TestWorld, url: string, more: Partial<HttpRequest> = {}): Promise<string> => {
    const request = { url, timeoutMs: 2000, maxBytes: 1000, ...more };
    const { status, body } = await world.wait(world.left.network.http(request));
    return `${status} ${Buffer.from(body).toString()}`;
  };

  inWorld('the answer comes with its status, whatever that is', async (world, url) => {
    assert.is(await ask(world, `${url}/announce?a=%00`), '200 GET /announce?a=%00 ');
    assert.is(await ask(world, `${url}/missing`), '404 nothing here');
  });

  inWorld('a body is sent', async (world, url) => {
    const body = Buffer.from('hello');
    assert.is(await ask(world, `${url}/x`, { method: 'POST', body }), '200 POST /x hello');
  });

  inWorld('an answer of the greatest length passes, a longer one does not', async (world, url) => {
    assert.is((await ask(world, `${url}/long`, { maxBytes: 1001 })).length, 1005);
    assert.is(await codeOf(ask(world, `${url}/long`)), 'NETWORK_FAILED');
  });

  inWorld('no answer in time, a broken one or nobody there is an error', async (world, url) => {
    const startedMs = world.left.clock.now();
    assert.is(await codeOf(ask(world, `${url}/silent`, { timeoutMs: 200 })), 'NETWORK_FAILED');
    const tookMs = world.left.clock.now() - startedMs;
    assert.ok(tookMs > 190 && tookMs < 1500, `${tookMs} ms`);
    assert.is(await codeOf(ask(world, `${url}/broken`)), 'NETWORK_FAILED');
    assert.is(await codeOf(ask(world, `${await world.nobodyUrl()}/`)), 'NETWORK_FAILED');
  });

  inWorld('an exchange that is given up ends at once, also before it begins', async (world, url) => {
    const giving = new AbortController();
    const { signal } = giving;
    const startedMs = world.left.clock.now();
    world.left.clock.setTimer(100, () => giving.abort());
    assert.is(await codeOf(ask(world, `${url}/silent`, { timeoutMs: 20_000, signal })), 'NETWORK_FAILED');
    assert.is(await codeOf(ask(world, `${url}/silent`, { timeoutMs: 20_000, signal })), 'NETWORK_FAILED');
    const tookMs = world.left.clock.now() - startedMs;
    assert.ok(tookMs < 1500, `${tookMs} ms`);
  });

  inWorld('other schemes and what is no address are errors', async (world, url) => {
    for (const bad of [url.replace('http', 'ftp'), 'file:///etc/passwd', 'http://', 'nonsense', '']) {
      assert.is(await codeOf(ask(world, bad)), 'NETWORK_FAILED', bad);
    }
  });
}
