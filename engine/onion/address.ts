import { addressText, readIpv4, readIpv6 } from '../codec/address.ts';

/** `1.2.3.4:5` or `[v6]:5`, port 1 … 65535; the host comes back in the form of {@link addressText}. */
export function readHostPort(text: string): { host: string; port: number } | undefined {
  const parts = /^(?:\[([0-9A-Fa-f:.]{2,45})\]|([0-9.]{7,15})):(\d{1,5})$/.exec(text);
  if (parts === null) return undefined;
  const bytes = parts[1] === undefined ? readIpv4(parts[2]!) : readIpv6(parts[1]);
  const port = Number(parts[3]);
  return bytes === undefined || port < 1 || port > 65535 ? undefined : { host: addressText(bytes), port };
}
