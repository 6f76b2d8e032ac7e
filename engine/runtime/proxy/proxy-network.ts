import { AlliumError } from '../../codec/error.ts';
import type { Clock, Endpoint, Network, StreamHandler } from '../port.ts';
import { httpOver } from './http-over.ts';
import { HttpConnectTalk } from './http-talk.ts';
import { refuseStream, wouldLeak } from './refuse.ts';
import { associate } from './socks5-datagrams.ts';
import { Socks5Talk } from './socks5-talk.ts';
import { type TunnelModules, TunnelStream } from './tunnel-stream.ts';
import type { ProxyOptions, ProxyTalk } from './types.ts';

const HTTP_CONNECT_MS = 30_000;
const ASSOCIATE_MS = 10_000;
const ADVICE = 'Only what the proxy carries may leave: switch this off, or go without proxyOnly.';

export interface ProxyModules {
  readonly network: Network;
  readonly clock: Clock;
}

/**
 * A network whose streams and HTTP exchanges go through a proxy; names are looked up there. Datagrams go through it
 * where it is SOCKS5 and carries them. It never falls back to a direct stream; what of the rest may go out directly,
 * {@link ProxyOptions.only} says.
 */
export function createProxyNetwork(options: ProxyOptions, modules: ProxyModules): Network {
  const { network } = modules;
  const login = {
    ...(options.user === undefined ? {} : { user: options.user }),
    ...(options.password === undefined ? {} : { password: options.password }),
  };
  const talkTo = (to: Endpoint): ProxyTalk =>
    options.kind === 'socks5'
      ? new Socks5Talk({ command: 'connect', to, ...login })
      : new HttpConnectTalk({ to, ...login });
  const tunnel = (
    to: Endpoint,
    timeoutMs: number,
    parts: Omit<TunnelModules, 'clock'> & { readonly talk: ProxyTalk },
  ): TunnelStream => {
    const stream = new TunnelStream({ to, timeoutMs }, { ...parts, clock: modules.clock });
    stream.attach(network.connect(options.at, stream, { timeoutMs }));
    return stream;
  };
  const dial = (to: Endpoint, owner: StreamHandler, timeoutMs: number): TunnelStream =>
    tunnel(to, timeoutMs, { owner, talk: talkTo(to) });
  const direct = directOrRefused(options, network);
  return {
    ...direct,
    connect: (to, handler, how) => dial(to, handler, how.timeoutMs),
    http: httpOver((to, owner) => dial(to, owner, HTTP_CONNECT_MS)),
    async bindDatagram(at, onMessage) {
      if (options.kind !== 'socks5') return direct.bindDatagram(at, onMessage);
      const nowhere = { host: at.host.includes(':') ? '::' : '0.0.0.0', port: 0 };
      const talk = new Socks5Talk({ command: 'udpAssociate', to: nowhere, ...login });
      try {
        return await associate(
          { at, proxy: options.at },
          {
            network,
            ask: (owner, onBound, onRefused) =>
              tunnel(options.at, ASSOCIATE_MS, { owner, talk, onBound, onRefused }),
          },
          onMessage,
        );
      } catch (error) {
        if (!options.only) return direct.bindDatagram(at, onMessage);
        const why = error instanceof AlliumError ? error.message : String(error);
        throw new AlliumError('WOULD_LEAK', `datagrams would not go through the proxy: ${why}`, {
          advice: ADVICE,
          cause: error,
        });
      }
    },
  };
}

/** What a proxy does not carry: refused, or as it is. */
function directOrRefused(options: ProxyOptions, network: Network): Network {
  if (!options.only) {
    return {
      connect: (to, handler, how) => network.connect(to, handler, how),
      listen: (at, accept) => network.listen(at, accept),
      connectTls: (to, handler, how) => network.connectTls(to, handler, how),
      listenTls: (at, accept) => network.listenTls(at, accept),
      bindDatagram: (at, onMessage) => network.bindDatagram(at, onMessage),
      lookup: (name) => network.lookup(name),
      lookupText: (name) => network.lookupText(name),
      http: (request) => network.http(request),
    };
  }
  const refuse = async (what: string): Promise<never> => {
    throw wouldLeak(`${what} would not go through the proxy`, ADVICE);
  };
  return {
    connect: (to, handler) => refuseStream(to, handler, 'EWOULDLEAK'),
    listen: () => refuse('incoming connections'),
    connectTls: (to, handler) => refuseStream(to, handler, 'EWOULDLEAK'),
    listenTls: () => refuse('incoming connections'),
    bindDatagram: () => refuse('datagrams'),
    lookup: (name) => refuse(`the question for the name ${name}`),
    lookupText: (name) => refuse(`the question for the name ${name}`),
    http: () => refuse('the request'),
  };
}
