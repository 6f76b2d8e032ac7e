import { readAddress } from '../../codec/address.ts';
import type {
  Clock,
  ConnectOptions,
  DatagramSocket,
  Endpoint,
  Listener,
  Network,
  StreamHandler,
  Timer,
} from '../../runtime/port.ts';
import { httpOver } from '../../runtime/proxy/http-over.ts';
import { refuseStream, wouldLeak } from '../../runtime/proxy/refuse.ts';
import { TunnelStream } from '../../runtime/proxy/tunnel-stream.ts';
import type { AddressesOf } from './interface-addresses.ts';

const HTTP_CONNECT_MS = 30_000;
const ANY: ReadonlySet<string> = new Set(['0.0.0.0', '::']);

export interface BoundOptions {
  /** Name of an interface, or an address. */
  readonly bind: string;
  /** How often it is looked at. */
  readonly pollMs: number;
}

export interface BoundModules {
  readonly network: Network;
  readonly clock: Clock;
  readonly addressesOf: AddressesOf;
  /** Looks names up from the interface. */
  readonly names: Pick<Network, 'lookup' | 'lookupText'>;
  /** The interface went away, or came back. */
  readonly onChange?: (isUp: boolean) => void;
}

/** A socket that goes when its address goes. */
interface Held {
  readonly host: string;
  close(): void;
}

/**
 * A network bound to one interface or address: every socket has a local end there, or there is none. When the address
 * goes away its sockets are closed, since the system would send their packets by another way.
 */
export class BoundNetwork implements Network {
  readonly http: Network['http'];
  private readonly options: BoundOptions;
  private readonly modules: BoundModules;
  private readonly held = new Set<Held>();
  private timer: Timer | undefined;
  private wasUp: boolean;

  constructor(options: BoundOptions, modules: BoundModules) {
    this.options = options;
    this.modules = modules;
    this.wasUp = this.addresses().length > 0;
    this.http = httpOver((to, owner) => this.connect(to, owner, { timeoutMs: HTTP_CONNECT_MS }));
    this.watch();
  }

  /** The local address of a family as things stand, undefined when there is none. */
  local(family: 4 | 6): string | undefined {
    return this.addresses().find((address) => address.includes(':') === (family === 6));
  }

  connect(to: Endpoint, owner: StreamHandler, how: ConnectOptions): TunnelStream {
    const held: { host: string; close(): void } = { host: '', close: () => stream.fail('EWOULDLEAK') };
    let isGone = false;
    const onGone = (): void => {
      isGone = true;
      this.held.delete(held);
    };
    const { clock } = this.modules;
    const stream = new TunnelStream({ to, timeoutMs: how.timeoutMs }, { clock, owner, onGone });
    const dial = (host: string): void => {
      if (isGone) return; // while its name was looked up
      const localHost = this.localFor(host);
      if (localHost === undefined) {
        stream.fail('EWOULDLEAK');
        return;
      }
      held.host = localHost;
      this.held.add(held);
      stream.attach(this.modules.network.connect({ host, port: to.port }, stream, { ...how, localHost }));
    };
    if (readAddress(to.host) !== undefined) dial(to.host);
    else void this.dialName(to.host, stream, dial);
    return stream;
  }

  connectTls(to: Endpoint, owner: StreamHandler, how: ConnectOptions): ReturnType<Network['connectTls']> {
    const localHost = readAddress(to.host) === undefined ? undefined : this.localFor(to.host);
    if (localHost === undefined) return refuseStream(to, owner, 'EWOULDLEAK');
    return this.modules.network.connectTls(to, owner, { ...how, localHost });
  }

  async listen(at: Endpoint, accept: Parameters<Network['listen']>[1]): Promise<Listener> {
    return this.hold(await this.modules.network.listen({ ...at, host: this.placeFor(at) }, accept));
  }

  async listenTls(
    at: Parameters<Network['listenTls']>[0],
    accept: Parameters<Network['listenTls']>[1],
  ): ReturnType<Network['listenTls']> {
    return this.hold(await this.modules.network.listenTls({ ...at, host: this.placeFor(at) }, accept));
  }

  async bindDatagram(
    at: Endpoint,
    onMessage: (bytes: Uint8Array, from: Endpoint) => void,
  ): Promise<DatagramSocket> {
    const host = this.placeFor(at);
    return this.hold(await this.modules.network.bindDatagram({ ...at, host }, onMessage));
  }

  lookup(name: string): Promise<readonly string[]> {
    return this.modules.names.lookup(name);
  }

  lookupText(name: string): Promise<readonly string[]> {
    return this.modules.names.lookupText(name);
  }

  /** Ends the watching; sockets live on. */
  close(): void {
    this.timer?.cancel();
  }

  private addresses(): readonly string[] {
    return this.modules.addressesOf(this.options.bind);
  }

  private localFor(host: string): string | undefined {
    return this.local(host.includes(':') ? 6 : 4);
  }

  /** Where to listen when asked to listen there. */
  private placeFor(at: Endpoint): string {
    const local = this.localFor(at.host);
    if (local !== undefined && (ANY.has(at.host) || at.host === local)) return local;
    const { bind } = this.options;
    const why = local === undefined ? `${bind} is not up` : `${at.host} is not an address of ${bind}`;
    throw wouldLeak(`cannot listen on ${at.host}: ${why}`, 'Bring the interface up, or bind to another one.');
  }

  private async dialName(name: string, stream: TunnelStream, dial: (host: string) => void): Promise<void> {
    try {
      const found = await this.lookup(name);
      dial(found.find((host) => this.localFor(host) !== undefined) ?? found[0]!);
    } catch {
      stream.fail('ENOTFOUND');
    }
  }

  private hold<T extends { readonly local: Endpoint; close(): unknown }>(socket: T): T {
    const held = { host: socket.local.host, close: () => void socket.close() };
    this.held.add(held);
    const close = socket.close.bind(socket);
    return Object.assign(socket, {
      close: () => {
        this.held.delete(held);
        return close();
      },
    });
  }

  private watch(): void {
    this.timer = this.modules.clock.setTimer(this.options.pollMs, () => {
      this.look();
      this.watch();
    });
  }

  private look(): void {
    const addresses = this.addresses();
    for (const held of this.held) {
      if (addresses.includes(held.host)) continue;
      this.held.delete(held);
      held.close();
    }
    const isUp = addresses.length > 0;
    if (isUp !== this.wasUp) this.modules.onChange?.(isUp);
    this.wasUp = isUp;
  }
}
