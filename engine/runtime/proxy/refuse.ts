import { NOWHERE } from '../../codec/endpoint.ts';
import { AlliumError } from '../../codec/error.ts';
import type { ByteStream, Endpoint, StreamHandler, TlsStream } from '../port.ts';

const NOTHING = new Uint8Array(0);

/** A stream that comes to nothing: its owner hears `failed` with this code, and nothing leaves the machine. */
export function refuseStream(to: Endpoint, owner: StreamHandler, code: string): TlsStream {
  queueMicrotask(() => owner.onClose({ kind: 'failed', code }));
  const nothing = (): void => {};
  const stream: ByteStream = {
    ...{ remote: to, local: NOWHERE, queuedBytes: 0 },
    write: (_bytes, written) => queueMicrotask(() => written?.(false)),
    ...{ cork: nothing, uncork: nothing, pause: nothing, resume: nothing, end: nothing, destroy: nothing },
  };
  return Object.assign(stream, {
    ownCertificate: NOTHING,
    peerCertificate: NOTHING,
    exportKeyingMaterial: () => NOTHING,
  });
}

/** What would have shown itself outside of the proxy, or of the interface. */
export function wouldLeak(what: string, advice: string): AlliumError {
  return new AlliumError('WOULD_LEAK', what, { advice });
}
