/** What a tracker cannot be faster than: bare answers of Node over UDP and HTTP. Words: the port. */
import dgram from 'node:dgram';
import { createServer } from 'node:http';

const port = Number(process.argv[2]);
/** As long as the answer of a tracker with its 50 peers. */
const BODY = 'x'.repeat(420);

const socket = dgram.createSocket('udp4');
socket.on('message', (bytes, from) => socket.send(bytes, from.port, from.address));
socket.bind(port, '127.0.0.1');

const server = createServer({ keepAliveTimeout: 60_000 }, (_request, response) => {
  response.writeHead(200, { 'Content-Type': 'text/plain', 'Content-Length': BODY.length });
  response.end(BODY, 'latin1');
});
server.listen(port, '127.0.0.1', () => process.stdout.write('ready\n'));
