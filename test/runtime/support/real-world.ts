import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import {
  createRealRuntime,
  type RealRuntime,
  type RealRuntimeOptions,
} from '../../../engine/runtime/real/runtime.ts';
import type { TestServer, TestWorld } from '../conformance/world.ts';
import { makeBlackHole } from './black-hole.ts';

const CLOSE_TIMEOUT_MS = 600;
const PATIENCE_MS = 15_000;
/** The user nobody on every Linux. */
const NOBODY = 65534;

/** This machine, over its loopback interface. Both machines of the suite are one runtime. */
export interface RealWorld extends TestWorld {
  readonly left: RealRuntime;
}

export async function makeRealWorld(options: RealRuntimeOptions = {}): Promise<RealWorld> {
  const runtime = createRealRuntime({ closeTimeoutMs: CLOSE_TIMEOUT_MS, ...options });
  const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'allium-runtime-')));
  fs.chmodSync(folder, 0o755);
  const closers: (() => unknown)[] = [() => fs.rmSync(folder, { recursive: true, force: true })];
  const pass = (durationMs: number): Promise<void> => new Promise((done) => setTimeout(done, durationMs));
  return {
    name: 'real',
    left: runtime,
    right: runtime,
    rightHost: '127.0.0.1',
    listenHost: '127.0.0.1',
    closeTimeoutMs: CLOSE_TIMEOUT_MS,
    folder,
    wait: (promise) => promise,
    async until(what, condition) {
      const endMs = Date.now() + PATIENCE_MS;
      while (!condition()) {
        if (Date.now() > endMs) throw new Error(`in vain: ${what}`);
        await pass(2);
      }
    },
    pass,
    async blackHole() {
      const hole = await makeBlackHole();
      closers.push(() => hole.close());
      return { host: '127.0.0.1', port: hole.port };
    },
    closedPort,
    async serve(server) {
      const { port, close } = await startServer(server);
      closers.push(close);
      return `http://127.0.0.1:${port}`;
    },
    nobodyUrl: async () => `http://127.0.0.1:${await closedPort()}`,
    fullFile: async () => (fs.existsSync('/dev/full') ? '/dev/full' : undefined),
    whileDenied,
    async close() {
      for (const close of closers) await close();
    },
  };
}

async function closedPort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await new Promise((done) => server.once('listening', done));
  const { port } = server.address() as net.AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}

async function startServer(server: TestServer): Promise<{ port: number; close: () => void }> {
  const web = http.createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const answer = server(request.url ?? '', request.method ?? '', Buffer.concat(parts));
    if (answer.instead === 'break') request.socket.destroy();
    if (answer.instead !== undefined) return;
    response.writeHead(answer.status ?? 200, { ...answer.headers });
    response.end(answer.body);
  });
  web.listen(0, '127.0.0.1');
  await new Promise((done) => web.once('listening', done));
  return {
    port: (web.address() as net.AddressInfo).port,
    close: () => {
      web.closeAllConnections();
      web.close();
    },
  };
}

/** Permissions do not bind the superuser, so he becomes somebody else for a while. */
async function whileDenied(file: string, action: () => Promise<void>): Promise<boolean> {
  const folder = path.dirname(file);
  const superuser = process.geteuid?.() === 0;
  fs.chmodSync(file, 0);
  if (!superuser) fs.chmodSync(folder, 0o555);
  if (superuser) process.seteuid?.(NOBODY);
  try {
    await action();
  } finally {
    if (superuser) process.seteuid?.(0);
    fs.chmodSync(folder, 0o755);
    fs.chmodSync(file, 0o644);
  }
  return true;
}
