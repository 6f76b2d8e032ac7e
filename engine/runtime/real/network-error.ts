import { AlliumError, type ErrorCode } from '../../codec/error.ts';
import type { Endpoint } from '../port.ts';
import { errorCode } from './endpoint.ts';

const CODES: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  EADDRINUSE: ['ADDRESS_IN_USE', 'choose another port, or stop the program that uses this one'],
  EACCES: ['NO_PERMISSION', 'ports below 1024 need special rights; choose a higher one'],
  EPERM: ['NO_PERMISSION', 'ports below 1024 need special rights; choose a higher one'],
  EADDRNOTAVAIL: ['NETWORK_FAILED', 'this machine does not have that address'],
};

/** Why `at` could not be listened on. */
export function bindError(error: unknown, at: Endpoint): AlliumError {
  const system = errorCode(error);
  const [code, advice] = CODES[system] ?? ['NETWORK_FAILED', 'check the address'];
  return new AlliumError(code, `cannot listen on ${at.host} port ${at.port}: ${system || String(error)}`, {
    advice,
    details: { host: at.host, port: at.port, system },
    cause: error,
  });
}
