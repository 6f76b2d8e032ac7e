import { readIpv6 } from '../../codec/address.ts';
import type { Endpoint } from '../../runtime/port.ts';

const V4_MAPPED = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff] as const;

/**
 * Puts an endpoint into compact form (BEP 23, BEP 7: network byte order) as 16-bit halves of memory, in one of two
 * arrays that are used again and again.
 */
export class EndpointHalves {
  readonly #v4 = new Uint16Array(3);
  readonly #v4Bytes = new Uint8Array(this.#v4.buffer);
  readonly #v6 = new Uint16Array(9);
  readonly #v6Bytes = new Uint8Array(this.#v6.buffer);

  /** 3 or 9 halves, valid until the next call; undefined when the host is no literal address. */
  of({ host, port }: Endpoint): Uint16Array | undefined {
    if (this.#readIpv4(host)) {
      this.#v4Bytes[4] = port >>> 8;
      this.#v4Bytes[5] = port;
      return this.#v4;
    }
    const v6 = readIpv6(host);
    if (v6 === undefined) return undefined;
    this.#v6Bytes.set(v6);
    this.#v6Bytes[16] = port >>> 8;
    this.#v6Bytes[17] = port;
    if (V4_MAPPED.some((byte, at) => v6[at] !== byte)) return this.#v6;
    this.#v4Bytes.set(this.#v6Bytes.subarray(12));
    return this.#v4;
  }

  /** Without making anything, as it is done for every datagram. The text comes from the system, or is a literal. */
  #readIpv4(host: string): boolean {
    let value = 0;
    let part = 0;
    let digits = 0;
    for (let at = 0; at < host.length; at++) {
      const code = host.charCodeAt(at);
      if (code === 46) {
        if (digits === 0 || part === 3) return false;
        this.#v4Bytes[part++] = value;
        value = 0;
        digits = 0;
      } else {
        if (code < 48 || code > 57 || ++digits > 3) return false;
        value = value * 10 + code - 48;
        if (value > 255) return false;
      }
    }
    if (part !== 3 || digits === 0) return false;
    this.#v4Bytes[3] = value;
    return true;
  }
}
