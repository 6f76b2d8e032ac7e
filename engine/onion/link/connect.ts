import type { Endpoint, Network, TlsStream } from '../../runtime/port.ts';
import { type ChannelModules, type ChannelOptions, TlsChannel } from './channel.ts';
import type { ChannelHandler } from './types.ts';

/** Settings of channels that hardly anybody changes. */
export const CHANNEL_DEFAULTS = {
  handshakeTimeoutMs: 60_000,
  queueHighBytes: 64 * 1024,
  queueLowBytes: 16 * 1024,
} as const;

type Settings = Omit<ChannelOptions, 'initiated' | keyof typeof CHANNEL_DEFAULTS> & Partial<ChannelOptions>;

/** Makes a link to a relay. `handlerOf` names its owner; it hears how it went. */
export function dialChannel(
  to: Endpoint,
  options: Settings & { readonly connectTimeoutMs: number },
  modules: ChannelModules & { readonly network: Network },
  handlerOf: (channel: TlsChannel) => ChannelHandler,
): TlsChannel {
  const channel = new TlsChannel({ ...CHANNEL_DEFAULTS, ...options, initiated: true }, modules);
  const how = { timeoutMs: options.connectTimeoutMs };
  channel.attach(modules.network.connectTls(to, channel, how));
  channel.own(handlerOf(channel));
  return channel;
}

/** The link over a TLS stream that somebody made to us. Return it from `accept` of {@link Network.listenTls}. */
export function acceptChannel(
  stream: TlsStream,
  options: Settings,
  modules: ChannelModules,
  handlerOf: (channel: TlsChannel) => ChannelHandler,
): TlsChannel {
  const channel = new TlsChannel({ ...CHANNEL_DEFAULTS, ...options, initiated: false }, modules);
  // Whether it is wanted depends on where it comes from.
  channel.attach(stream);
  channel.own(handlerOf(channel));
  return channel;
}
