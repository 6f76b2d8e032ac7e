import type { Clock } from '../../runtime/port.ts';
import { type DirectoryAnswer, DirectoryAnswerReader } from '../directory/directory-answer.ts';
import { type DirectoryRequest, encodeDirectoryRequest } from '../directory/directory-request.ts';
import { failure, type Result } from '../directory/result.ts';
import type { ClientCircuit } from './circuit.ts';
import { ClientStream } from './stream.ts';

/** How long and how large an answer may be. */
export interface FetchLimits {
  /** Of the body, packed and unpacked alike. */
  readonly bodyBytesMax: number;
  /** Without a byte for this long it is given up. */
  readonly idleTimeoutMs: number;
}

/** Asks the last hop of a circuit for a document, over BEGIN_DIR. Never rejects. */
export function fetchOver(
  circuit: ClientCircuit,
  request: DirectoryRequest,
  limits: FetchLimits,
  clock: Clock,
): Promise<Result<DirectoryAnswer>> {
  return new Promise((resolve) => {
    const reader = new DirectoryAnswerReader(limits);
    let timer = clock.setTimer(limits.idleTimeoutMs, () => give(failure('the directory stopped answering')));
    const give = (result: Result<DirectoryAnswer>): void => {
      timer.cancel();
      resolve(result);
      stream.destroy();
    };
    const stream = new ClientStream(
      { kind: 'directory', host: '', port: 0, isolationKey: '', queueBytesMax: 1 << 20 },
      {
        handler: {
          onOpen: () => {},
          onDrain: () => {},
          onData(bytes) {
            timer.cancel();
            timer = clock.setTimer(limits.idleTimeoutMs, () =>
              give(failure('the directory stopped answering')),
            );
            const pushed = reader.push(bytes);
            stream.consumed(bytes.length);
            if (!pushed.ok) give(pushed);
            else if (pushed.value === 'done') give(reader.finish());
          },
          onClose: (end) =>
            give(
              end.kind === 'ended'
                ? reader.finish()
                : failure(`the stream to the directory ended: ${end.reason}`),
            ),
        },
        keeper: {
          onStreamOpen: () => {},
          onStreamRefused: (one, reason) => one.finish({ kind: 'failed', reason }),
          onStreamClosed: () => {},
        },
      },
    );
    if (!circuit.isOpen || !circuit.streams.hasRoom) {
      give(failure('the circuit to the directory is gone'));
      return;
    }
    stream.write(encodeDirectoryRequest(request, circuit.plans.at(-1)!.host));
    circuit.attach(stream);
  });
}
