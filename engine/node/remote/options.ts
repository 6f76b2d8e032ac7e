/** Bounds and addresses of the HTTP server that everything remote goes through. */
export interface RemoteOptions {
  /** Address to listen on. Anything but loopback asks for a password. */
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Names, beside localhost and plain addresses, under which the node is asked for; of a proxy in front, say. */
  readonly names: readonly string[];
  readonly connectionsMax: number;
  /** Of one request. */
  readonly bodyBytesMax: number;
  /** Of all requests that are being read at one time. */
  readonly bodiesBytesMax: number;
  readonly headersTimeoutMs: number;
  /** Until all of a request is there. */
  readonly requestTimeoutMs: number;
  readonly keepAliveMs: number;
  /** Sign-ins that are remembered, and how long without a request. */
  readonly sessionsMax: number;
  readonly sessionIdleMs: number;
  /** Addresses whose wrong passwords are counted. */
  readonly offendersMax: number;
  /** Passwords that are hashed at one time; each takes 32 MiB for a moment. */
  readonly checksMax: number;
}

export const REMOTE_DEFAULTS: Omit<RemoteOptions, 'host' | 'port'> = {
  names: [],
  connectionsMax: 256,
  bodyBytesMax: 64 * 1024 * 1024,
  bodiesBytesMax: 128 * 1024 * 1024,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 120_000,
  keepAliveMs: 30_000,
  sessionsMax: 1_000,
  sessionIdleMs: 24 * 3_600_000,
  offendersMax: 10_000,
  checksMax: 2,
};
