/** The least a UDP server on Node can do: it sends back what comes. echo.ts PORT */
import dgram from 'node:dgram';

const socket = dgram.createSocket('udp4');
socket.on('message', (bytes, from) => socket.send(bytes, from.port, from.address));
socket.bind(Number(process.argv[2]), '127.0.0.1', () => process.stdout.write('READY\n'));
