import type { Endpoint } from '../runtime/port.ts';

/** `HOST:PORT` or `[V6]:PORT` taken apart; undefined when it is neither. */
export function parseEndpoint(text: string): Endpoint | undefined {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^\s:[\]/]+)):(\d{1,5})$/i.exec(text);
  const port = Number(match?.[3]);
  const host = match?.[1] ?? match?.[2];
  return host !== undefined && port >= 1 && port <= 65535 ? { host, port } : undefined;
}

/** The text of {@link parseEndpoint}. */
export function endpointText({ host, port }: Endpoint): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** The address of what has none yet. */
export const NOWHERE: Endpoint = { host: '', port: 0 };
