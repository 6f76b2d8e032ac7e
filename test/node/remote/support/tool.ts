import type { RemoteScene } from './remote-scene.ts';

/** Asks as a tool for qBittorrent does: with its cookie, by GET or by form. */
export interface Tool {
  readonly get: (path: string, query?: Readonly<Record<string, string>>) => Promise<Response>;
  readonly post: (path: string, body?: URLSearchParams | FormData) => Promise<Response>;
}

export function tool(scene: RemoteScene, cookie = ''): Tool {
  const headers: Record<string, string> = cookie === '' ? {} : { Cookie: cookie };
  return {
    get: (path, query = {}) => {
      const text = new URLSearchParams(query).toString();
      return scene.ask(`/api/v2/${path}${text === '' ? '' : `?${text}`}`, { headers });
    },
    post: (path, body) =>
      scene.ask(`/api/v2/${path}`, { method: 'POST', headers, ...(body === undefined ? {} : { body }) }),
  };
}

/** The body of a form. */
export const form = (fields: Readonly<Record<string, string>>): URLSearchParams =>
  new URLSearchParams(fields);

/** A form with a torrent file in it, written as Sonarr and Radarr write it: by hand, with a quoted boundary. */
export function uploadByHand(
  bytes: Uint8Array,
  fields: Readonly<Record<string, string>>,
): { readonly body: Buffer; readonly type: string } {
  const boundary = '-----------------------------dark-boundary-1';
  const parts = [
    `--${boundary}\r\nContent-Disposition: form-data; name="torrents"; filename="a \\"b\\".torrent"\r\n`,
    'Content-Type: application/octet-stream\r\n\r\n',
  ];
  const rest = Object.entries(fields).map(
    ([name, value]) => `\r\n--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}`,
  );
  return {
    body: Buffer.concat([
      Buffer.from(parts.join('')),
      bytes,
      Buffer.from(`${rest.join('')}\r\n--${boundary}--\r\n`),
    ]),
    type: `multipart/form-data; boundary="${boundary}"`,
  };
}
