/** What of a stream decides with which others it may share a circuit. tor manual, stream isolation. */
export interface StreamOrigin {
  /** Which listener it came to; each has a number. */
  readonly listener: number;
  /** `socks5`, `http-connect`, `resolve`… */
  readonly protocol: string;
  /** The address of the program that asks, without port. */
  readonly clientHost: string;
  /** SOCKS user and password; HTTP `Proxy-Authorization`. Undefined where none was given. */
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly destinationHost: string;
  readonly destinationPort: number;
  /** Counts the “new identity” requests. */
  readonly epoch: number;
}

/** What is told apart; as a listener is configured. Listener and epoch are always. */
export interface IsolationOptions {
  readonly byCredentials: boolean;
  readonly byClientHost: boolean;
  readonly byProtocol: boolean;
  readonly byDestinationHost: boolean;
  readonly byDestinationPort: boolean;
}

export const ISOLATION_DEFAULTS: IsolationOptions = {
  byCredentials: true,
  byClientHost: true,
  byProtocol: true,
  byDestinationHost: false,
  byDestinationPort: false,
};

/**
 * A key; streams with equal keys may share a circuit, others must not. Holds credentials: not for logs. Not given
 * and empty credentials differ, and no choice of user and password can look like another one.
 */
export function isolationKey(origin: StreamOrigin, options: IsolationOptions): string {
  return JSON.stringify([
    origin.epoch,
    origin.listener,
    options.byProtocol ? origin.protocol : null,
    options.byClientHost ? origin.clientHost : null,
    options.byCredentials ? [origin.user ?? null, origin.password ?? null] : null,
    options.byDestinationHost ? origin.destinationHost.toLowerCase() : null,
    options.byDestinationPort ? origin.destinationPort : null,
  ]);
}

/** A circuit as far as it matters whether a stream may go over it. */
export interface CircuitUse {
  /** Key of the streams that it has carried; undefined: none yet, so any may be the first. */
  readonly isolationKey: string | undefined;
  /** When its first stream was attached, milliseconds; undefined: clean. */
  readonly dirtySinceMs: number | undefined;
  readonly builtMs: number;
  readonly streamCount: number;
}

/** When circuits are let go of, milliseconds. */
export interface CircuitAges {
  /** After its first stream no new ones are attached any more: MaxCircuitDirtiness. */
  readonly dirtyMs: number;
  /** A circuit that was never used is replaced. */
  readonly unusedMs: number;
}

export const CIRCUIT_AGES: CircuitAges = { dirtyMs: 600_000, unusedMs: 3_600_000 };

/** Whether a stream with this key may be attached to the circuit. Exit policy and flags are asked elsewhere. */
export function mayShare(circuit: CircuitUse, key: string, ages: CircuitAges, nowMs: number): boolean {
  if (circuit.isolationKey !== undefined && circuit.isolationKey !== key) return false;
  return circuit.dirtySinceMs === undefined || nowMs - circuit.dirtySinceMs < ages.dirtyMs;
}

/** Whether the circuit is to be closed: no streams, and used long ago or never for too long. path-spec 2.1.6. */
export function isCircuitExpired(circuit: CircuitUse, ages: CircuitAges, nowMs: number): boolean {
  if (circuit.streamCount > 0) return false;
  if (circuit.dirtySinceMs !== undefined) return nowMs - circuit.dirtySinceMs >= ages.dirtyMs;
  return nowMs - circuit.builtMs >= ages.unusedMs;
}
