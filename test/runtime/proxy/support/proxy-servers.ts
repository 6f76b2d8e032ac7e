import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** A proxy that a test started, on 127.0.0.1. Its own connections come from 127.0.0.9, so that they can be told. */
export interface TestProxy {
  readonly url: string;
  /** Hosts and ports it was asked for. */
  readonly asked: string[];
  close(): Promise<void>;
}

/** Where connections that a proxy makes come from. */
export const PROXY_EXIT = '127.0.0.9';

/** SOCKS5 in its own few lines: CONNECT to names and IPv4, and UDP ASSOCIATE where `udp` says so. */
export async function startSocks5(options: { readonly udp?: boolean } = {}): Promise<TestProxy> {
  const asked: string[] = [];
  const open = new Set<Socket>();
  const relays = new Set<UdpSocket>();
  const server = createServer((socket) => {
    keep(socket, open);
    socket.once('data', () => {
      socket.write(Buffer.of(5, 0));
      socket.once('data', (request) => {
        const { host, port } = target(request);
        if (request[1] === 3) {
          asked.push('udp');
          if (options.udp === true) associate(socket, relays);
          else socket.end(Buffer.of(5, 7, 0, 1, 0, 0, 0, 0, 0, 0));
          return;
        }
        asked.push(`${host}:${port}`);
        tunnel(socket, host, port, open, Buffer.of(5, 0, 0, 1, 127, 0, 0, 9, 0, 0), () =>
          socket.end(Buffer.of(5, 5, 0, 1, 0, 0, 0, 0, 0, 0)),
        );
      });
    });
  });
  const port = await listen(server);
  return {
    ...{ url: `socks5://127.0.0.1:${port}`, asked },
    async close() {
      for (const relay of relays) relay.close();
      relays.clear();
      await end(server, open);
    },
  };
}

/** HTTP CONNECT, with Basic log-in where one is given. */
export async function startHttpProxy(login?: string): Promise<TestProxy> {
  const asked: string[] = [];
  const open = new Set<Socket>();
  const server = createHttpServer((_request, response) => response.writeHead(405).end());
  server.on('connection', (socket: Socket) => keep(socket, open));
  server.on('connect', (request, socket: Socket) => {
    const wanted = login === undefined ? undefined : `Basic ${Buffer.from(login).toString('base64')}`;
    if (request.headers['proxy-authorization'] !== wanted) {
      socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
      return;
    }
    const [, host = '', port = ''] = /^\[?([^\]]+)\]?:(\d+)$/.exec(request.url ?? '') ?? [];
    asked.push(`${host}:${port}`);
    tunnel(socket, host, Number(port), open, Buffer.from('HTTP/1.1 200 Connection established\r\n\r\n'), () =>
      socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n'),
    );
  });
  const port = await listen(server);
  const user = login === undefined ? '' : `${login}@`;
  return { url: `http://${user}127.0.0.1:${port}`, asked, close: () => end(server, open) };
}

function tunnel(
  socket: Socket,
  host: string,
  port: number,
  open: Set<Socket>,
  yes: Buffer,
  no: () => void,
): void {
  // Names are this proxy's to know: every one of them is this machine.
  const place = /^[\d.]+$/.test(host) ? host : '127.0.0.1';
  const out = connect({ host: place, port, localAddress: PROXY_EXIT });
  keep(out, open);
  out.once('connect', () => {
    socket.write(yes);
    socket.pipe(out);
    out.pipe(socket);
    out.removeListener('error', no);
  });
  out.once('error', no);
  socket.once('close', () => out.destroy());
}

function associate(control: Socket, relays: Set<UdpSocket>): void {
  const inside = createSocket('udp4');
  const outside = createSocket('udp4');
  relays.add(inside).add(outside);
  let client: { readonly address: string; readonly port: number } | undefined;
  inside.on('message', (bytes, from) => {
    client = from;
    const { host, port, end: at } = target(bytes);
    outside.send(bytes.subarray(at), port, host);
  });
  outside.on('message', (bytes, from) => {
    if (client === undefined) return;
    const head = Buffer.of(
      0,
      0,
      0,
      1,
      ...from.address.split('.').map(Number),
      from.port >> 8,
      from.port & 255,
    );
    inside.send(Buffer.concat([head, bytes]), client.port, client.address);
  });
  outside.bind(0, PROXY_EXIT);
  inside.bind(0, '127.0.0.1', () => {
    const { port } = inside.address();
    control.write(Buffer.of(5, 0, 0, 1, 0, 0, 0, 0, port >> 8, port & 255));
  });
  control.once('close', () => {
    for (const relay of [inside, outside]) {
      if (relays.delete(relay)) relay.close();
    }
  });
}

/** Address and port behind the first three bytes. */
function target(bytes: Buffer): { readonly host: string; readonly port: number; readonly end: number } {
  if (bytes[3] === 3) {
    const at = 5 + bytes[4]!;
    return { host: bytes.toString('latin1', 5, at), port: bytes.readUInt16BE(at), end: at + 2 };
  }
  return { host: [...bytes.subarray(4, 8)].join('.'), port: bytes.readUInt16BE(8), end: 10 };
}

function keep(socket: Socket, open: Set<Socket>): void {
  open.add(socket);
  socket.on('error', () => {});
  socket.on('close', () => open.delete(socket));
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

async function end(server: Server, open: Set<Socket>): Promise<void> {
  for (const socket of open) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
}
