import { InvalidArgumentError } from 'commander';
import { parseEndpoint } from '../../codec/endpoint.ts';
import { parseRate, parseSize } from '../../codec/units.ts';
import type { Endpoint } from '../../runtime/port.ts';

/** For commander: a size of at least one byte. */
export function sizeValue(text: string): number {
  const bytes = parseSize(text);
  if (bytes === undefined || bytes < 1) throw new InvalidArgumentError('Give a size such as 512K or 16MiB.');
  return bytes;
}

/** For commander: a rate in bytes per second; Infinity for “off”. */
export function rateValue(text: string): number {
  const rate = parseRate(text);
  if (rate === undefined) throw new InvalidArgumentError('Give a rate such as 500K, 20MiB/s or off.');
  return rate;
}

/** For commander: a whole number in a range. Use as `countValue(1, 64)`. */
export function countValue(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(`Give a whole number from ${min} to ${max}.`);
  };
}

/** For commander: a port; 0 lets the system choose one. */
export const portValue: (text: string) => number = countValue(0, 65535);

/** For commander: `HOST:PORT`, `[V6]:PORT`; may be repeated. */
export function endpointValue(text: string, before: readonly Endpoint[] = []): readonly Endpoint[] {
  const endpoint = parseEndpoint(text);
  if (endpoint === undefined)
    throw new InvalidArgumentError('Give HOST:PORT, such as 127.0.0.1:6881 or [::1]:6881.');
  return [...before, endpoint];
}

/** For commander: an option that may be given several times and keeps every value. */
export function repeatedValue(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}
