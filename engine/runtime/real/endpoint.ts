import type { Endpoint, StreamEnd } from '../port.ts';

/** An address as the engine knows it: an IPv4 peer seen through an IPv6 socket is an IPv4 peer. */
export function toEndpoint(host: string, port: number): Endpoint {
  if (!host.startsWith('::')) return { host, port };
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(host);
  return { host: mapped?.[1] ?? host, port };
}

/** Whether a system call would take it; ports come from strangers and must not throw later. */
export function isPort(port: number): boolean {
  return Number.isInteger(port) && port > 0 && port < 65536;
}

const KINDS: Readonly<Record<string, StreamEnd['kind']>> = {
  ECONNRESET: 'reset',
  EPIPE: 'reset',
  ECONNABORTED: 'reset',
  ECONNREFUSED: 'refused',
  ETIMEDOUT: 'timeout',
};

/** What a system error means for a stream. */
export function endOfError(error: unknown): StreamEnd {
  const code = errorCode(error);
  return { kind: KINDS[code] ?? 'failed', code };
}

/** The system's name for what went wrong, `''` where it has none. */
export function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}
