/** What a program that speaks HTTP is told: status, reason phrase, further headers, and one paragraph. */
interface Answer {
  readonly status: string;
  readonly headers?: readonly string[];
  readonly text: string;
}

/** Answers of a proxy in HTTP. They never repeat what was asked for. */
const ANSWERS = {
  'socks-port': {
    status: '501 This Is A SOCKS Proxy',
    text:
      'This port speaks SOCKS5, and your program spoke HTTP to it. Enter its address as the SOCKS host, version 5, ' +
      'and have names looked up by the proxy. For programs that can use HTTP proxies only there is the HTTP CONNECT port.',
  },
  'connect-only': {
    status: '405 Only CONNECT',
    headers: ['Allow: CONNECT'],
    text: 'This proxy opens tunnels by CONNECT only. Plain http: addresses need the SOCKS5 port.',
  },
  'bad-request': { status: '400 Bad Request', text: 'A request looks like CONNECT host:port HTTP/1.1.' },
  'too-long': { status: '431 Request Header Fields Too Large', text: 'The head of the request is too long.' },
  'not-found': {
    status: '404 Not Found',
    text: 'The name could not be looked up, or there is no way to the host.',
  },
  forbidden: { status: '403 Forbidden', text: 'The host refused, or no relay may connect to this address.' },
  unavailable: {
    status: '503 Service Unavailable',
    text: 'There is no circuit that could carry this. Try again in a while.',
  },
  'timed-out': { status: '504 Gateway Timeout', text: 'The host did not answer in time.' },
  failed: { status: '502 Bad Gateway', text: 'The connection could not be made. Try again.' },
} as const satisfies Readonly<Record<string, Answer>>;

export type WebAnswer = keyof typeof ANSWERS;

/** A whole answer with a small page, after which the connection ends. RFC 9110, RFC 9112. */
export function webAnswer(name: WebAnswer): Uint8Array {
  const answer: Answer = ANSWERS[name];
  const title = answer.status.slice(4);
  const page = `<!doctype html>\n<title>${title}</title>\n<h1>${title}</h1>\n<p>${answer.text}</p>\n`;
  const lines = [
    `HTTP/1.1 ${answer.status}`,
    'Content-Type: text/html; charset=utf-8',
    `Content-Length: ${page.length}`,
    "Content-Security-Policy: default-src 'none'",
    'Cache-Control: no-store',
    'Connection: close',
    ...(answer.headers ?? []),
  ];
  return new TextEncoder().encode(`${lines.join('\r\n')}\r\n\r\n${page}`);
}
