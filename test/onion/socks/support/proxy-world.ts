import { Slab } from '../../../../engine/kernels/slab.ts';
import { OnionProxy } from '../../../../engine/onion/socks/onion-proxy.ts';
import { PROXY_DEFAULTS, type ProxyOptions } from '../../../../engine/onion/socks/proxy-types.ts';
import type { Endpoint } from '../../../../engine/runtime/port.ts';
import { SimWorld } from '../../../../engine/runtime/sim/world.ts';
import { FakeClient } from './fake-client.ts';
import { Program } from './program.ts';
import { socksRequest } from './talk.ts';

/** A proxy in a simulated machine, with both ports, before a client that does what the test says. */
export class ProxyWorld {
  readonly world: SimWorld;
  readonly slab = new Slab({ slotCount: 400, threadCountMax: 1 });
  readonly client = new FakeClient(this.slab);
  readonly proxy: OnionProxy;
  readonly #network;

  constructor(options: Partial<ProxyOptions> = {}, seed = 1) {
    this.world = new SimWorld({ seed, sendBufferBytes: 65_536, windowBytes: 65_536 });
    const { runtime } = this.world.host({ address: '10.0.0.1' });
    this.#network = runtime.network;
    const { client, slab } = this;
    this.proxy = new OnionProxy({ ...PROXY_DEFAULTS, ...options }, { runtime, client, slab });
  }

  /** Waits for a promise, letting virtual time pass. */
  async wait<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false;
    const mark = (): void => {
      isSettled = true;
    };
    promise.then(mark, mark);
    await this.world.run({ until: () => isSettled, forMs: 60_000 });
    return promise;
  }

  async listen(protocol: 'socks5' | 'http-connect', port: number): Promise<Endpoint> {
    return this.wait(this.proxy.listen(protocol, { host: '127.0.0.1', port }));
  }

  /** Lets everything happen that happens within a second or so. */
  async settle(forMs = 1000): Promise<void> {
    await this.world.run({ forMs });
  }

  /** A program that connects to this port. */
  async program(port = 9050): Promise<Program> {
    const program = new Program();
    program.stream = this.#network.connect({ host: '127.0.0.1', port }, program, { timeoutMs: 5000 });
    await this.settle(50);
    return program;
  }

  /** One that has asked for a stream to `host` by SOCKS5; nothing is answered yet but its greeting. */
  async asking(host = 'a.example', user?: string): Promise<Program> {
    const program = await this.program();
    const login = user === undefined ? [5, 1, 0] : [5, 1, 2, 1, user.length, user, 1, 'p'];
    program.send(...login, ...socksRequest(host, 80));
    await this.settle(50);
    program.take();
    return program;
  }

  /** One whose stream stands. */
  async connected(host?: string): Promise<Program> {
    const program = await this.asking(host);
    this.client.last.open();
    await this.settle(50);
    program.take();
    return program;
  }
}
