import type { ConnectOptions, Endpoint, StreamHandler } from '../port.ts';
import type { SimHost } from './host.ts';
import type { SimListener } from './listener.ts';
import type { Machine } from './machine.ts';
import { RenoWire } from './reno-wire.ts';
import { SimStream } from './stream.ts';
import { type SimTlsSession, simTlsSessions } from './tls-session.ts';
import { type StreamWire, Wire, type WireModules } from './wire.ts';

/** RFC 6298: the first wait for an answer to a connection request; it doubles each time. */
const SYN_RETRY_MS = 1000;
const SYN_BYTES = 60;

/** Whether it is an address, not a name. */
export function isLiteral(host: string): boolean {
  return /^[\d.]+$|:/.test(host);
}

/** Connects a stream of `machine` to `to`: a round trip for the caller, half a one more for the callee. */
export function dial(
  machine: Machine,
  localPort: number,
  to: Endpoint,
  handler: StreamHandler,
  options: ConnectOptions & { readonly tls?: boolean },
): SimStream {
  const { world, host } = machine;
  const target = world.find(to.host, host);
  const loop = isLiteral(to.host) ? to.host : '127.0.0.1';
  const remote = target === host ? loop : (target?.address ?? to.host);
  const local = options.localHost ?? (target === host ? loop : host.address);
  const stream = createStream(machine, { host: remote, port: to.port }, { host: local, port: localPort });
  stream.await(handler, options.timeoutMs);
  if (!Number.isInteger(to.port) || to.port < 1 || to.port > 65535) {
    stream.fail({ kind: 'failed', code: 'EINVAL' });
  } else if (target === undefined && !isLiteral(to.host)) {
    machine.after(1, () => stream.fail({ kind: 'failed', code: 'ENOTFOUND' }));
  } else if (target !== undefined) {
    knock(stream, machine, target, { tls: options.tls ?? false, attempt: 0 });
  }
  return stream;
}

function createStream(machine: Machine, remote: Endpoint, local: Endpoint): SimStream {
  const { closeTimeoutMs } = machine.world;
  return new SimStream({ id: machine.world.nextStreamId(), remote, local, closeTimeoutMs }, { machine });
}

interface Knock {
  readonly tls: boolean;
  readonly attempt: number;
}

/** Asks for a connection; again and again while there is no answer. The stream's own timer ends that. */
function knock(stream: SimStream, machine: Machine, target: SimHost, how: Knock): void {
  if (stream.gone) return;
  const { world, host } = machine;
  const path = world.path(host, target);
  const back = world.path(target, host);
  const again = (): void => {
    const next = { tls: how.tls, attempt: how.attempt + 1 };
    machine.after(SYN_RETRY_MS * 2 ** how.attempt, () => knock(stream, machine, target, next));
  };
  const lost = path.loses(SYN_BYTES, host.chance);
  machine.after(path.delayMs(host.chance), () => {
    if (lost || path.cut || back.cut || !target.isUp) {
      again();
      return;
    }
    const listener = target.machine.listeners.get(stream.remote.port);
    machine.after(back.delayMs(target.chance), () => {
      if (stream.gone) return;
      if (listener === undefined) stream.fail({ kind: 'refused', code: 'ECONNREFUSED' });
      else if (how.tls) handshake(stream, machine, target, listener);
      else if (listener.tls !== undefined) stream.fail({ kind: 'reset', code: 'ECONNRESET' });
      else establish(stream, machine, target.machine, listener);
    });
  });
}

/** TLS takes one round trip more. */
function handshake(stream: SimStream, machine: Machine, target: SimHost, listener: SimListener): void {
  const { world, host } = machine;
  const door = listener.tls;
  if (door === undefined) {
    stream.fail({ kind: 'failed', code: 'EPROTO' });
    return;
  }
  if (!door.admit(stream.local)) {
    stream.fail({ kind: 'reset', code: 'ECONNRESET' });
    return;
  }
  const { identity } = door;
  const roundTripMs = world.path(host, target).latencyMs + world.path(target, host).latencyMs;
  machine.after(roundTripMs, () => {
    if (stream.gone || !target.isUp) return;
    const [caller, callee] = simTlsSessions(world.seed, stream.id, identity.certificateDer);
    stream.secured(caller);
    establish(stream, machine, target.machine, listener, callee);
  });
}

/** The caller knows that it is connected; the callee will when this has arrived. */
function establish(
  stream: SimStream,
  machine: Machine,
  callee: Machine,
  listener: SimListener,
  session?: SimTlsSession,
): void {
  const { world } = machine;
  const other = createStream(callee, stream.local, stream.remote);
  if (session !== undefined) other.secured(session);
  const there = createWire(machine, callee, stream, other);
  const back = createWire(callee, machine, other, stream);
  stream.join(there, back);
  other.join(back, there);
  const path = world.path(machine.host, callee.host);
  callee.after(path.latencyMs, () => {
    const stillListening = callee.listeners.get(listener.local.port) === listener;
    const owner = stillListening ? listener.accept(other) : undefined;
    if (owner === undefined) other.destroy();
    else other.open(owner);
  });
  stream.connected();
}

function createWire(from: Machine, to: Machine, sender: SimStream, receiver: SimStream): StreamWire {
  const { world } = from;
  const loop = from.host === to.host;
  const modules: WireModules = {
    timeline: world.timeline,
    pool: world.pool,
    chance: from.host.chance,
    path: world.path(from.host, to.host),
    back: world.path(to.host, from.host),
    up: loop ? world.loopback : from.host.up,
    down: loop ? world.loopback : to.host.down,
    sender,
    arrived: (segment) => receiver.arrived(segment),
    isUp: () => to.host.isUp,
  };
  const isPlain = loop || world.tcp === 'ideal';
  return isPlain ? new Wire(world.wireOptions, modules) : new RenoWire(world.wireOptions, modules);
}
