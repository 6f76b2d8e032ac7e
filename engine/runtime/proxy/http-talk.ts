import type { Endpoint } from '../port.ts';
import { NOTHING, type ProxyStep, type ProxyTalk } from './types.ts';

const HEAD_BYTES_MAX = 8192;
const HEAD_END = new TextEncoder().encode('\r\n\r\n');
const STATUS_LINE = /^HTTP\/1\.[01] (\d{3})(?: ([^\r\n]{0,80}))?/;

export interface HttpTalkOptions {
  /** Names are sent as they are: the proxy looks them up. */
  readonly to: Endpoint;
  readonly user?: string;
  readonly password?: string;
}

/** The client's side of CONNECT; RFC 9110, section 9.3.6. */
export class HttpConnectTalk implements ProxyTalk {
  private readonly options: HttpTalkOptions;

  constructor(options: HttpTalkOptions) {
    this.options = options;
  }

  start(): Uint8Array {
    const { to, user, password } = this.options;
    const place = `${to.host.includes(':') ? `[${to.host}]` : to.host}:${to.port}`;
    const login =
      user === undefined
        ? ''
        : `Proxy-Authorization: Basic ${Buffer.from(`${user}:${password ?? ''}`).toString('base64')}\r\n`;
    return new TextEncoder().encode(`CONNECT ${place} HTTP/1.1\r\nHost: ${place}\r\n${login}\r\n`);
  }

  take(bytes: Uint8Array): ProxyStep {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const end = text.subarray(0, HEAD_BYTES_MAX).indexOf(HEAD_END);
    if (end < 0) {
      if (bytes.length >= HEAD_BYTES_MAX) return refused('EPROXYPROTOCOL', 'its answer is too long');
      const isHttp = 'HTTP/1.'.startsWith(text.toString('latin1', 0, 7));
      return isHttp ? { kind: 'more', send: NOTHING } : refused('EPROXYPROTOCOL', 'it does not speak HTTP');
    }
    const line = STATUS_LINE.exec(text.toString('latin1', 0, end));
    if (line === null) return refused('EPROXYPROTOCOL', 'it does not speak HTTP');
    const status = Number(line[1]);
    if (status >= 200 && status < 300) {
      return { kind: 'done', used: end + HEAD_END.length, bound: undefined };
    }
    if (status === 407) return refused('EPROXYLOGIN', 'it does not take this user and password');
    return refused('EPROXYREFUSED', `${status} ${line[2] ?? ''}`.trim());
  }
}

function refused(code: string, message: string): ProxyStep {
  return { kind: 'refused', refusal: { code, message } };
}
