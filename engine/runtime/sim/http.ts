import { AlliumError } from '../../codec/error.ts';
import type { HttpRequest, HttpResponse } from '../port.ts';
import type { Machine } from './machine.ts';

/** What answers for a virtual web address. Throwing, it closes the connection without an answer. */
export type VirtualServer = (
  request: HttpRequest,
  /** The address it comes from. */
  from: string,
) => HttpResponse | Promise<HttpResponse>;

/** An exchange with a {@link VirtualServer}: two round trips over the host's own access, then the answer. */
export function requestVirtual(machine: Machine, request: HttpRequest): Promise<HttpResponse> {
  const roundTripMs = 4 * machine.host.access.latencyMs;
  return new Promise((resolve, reject) => {
    const fail = (reason: string, cause?: unknown): void => {
      const details = { url: request.url };
      const options = cause === undefined ? { details } : { details, cause };
      reject(new AlliumError('NETWORK_FAILED', `request to ${request.url} failed: ${reason}`, options));
    };
    const deadline = machine.after(request.timeoutMs, () => fail(`no answer within ${request.timeoutMs} ms`));
    const finish = (run: () => void): void => {
      machine.cancel(deadline);
      run();
    };
    const receive = (answer: HttpResponse): void => {
      machine.trace('http', answer.status, answer.body.length);
      if (answer.body.length > request.maxBytes) fail(`the answer is longer than ${request.maxBytes} bytes`);
      else resolve({ ...answer, body: answer.body.slice() });
    };
    if (request.signal?.aborted === true) finish(() => fail('it was given up'));
    request.signal?.addEventListener('abort', () => finish(() => fail('it was given up')), { once: true });
    machine.after(roundTripMs, () => {
      const server = findServer(machine, request.url);
      if (server === undefined) {
        finish(() => fail('nobody is there'));
        return;
      }
      Promise.resolve()
        .then(() => server(request, machine.host.address))
        .then(
          (answer) => machine.after(roundTripMs, () => finish(() => receive(answer))),
          (error: unknown) =>
            machine.after(roundTripMs, () => finish(() => fail('the connection broke', error))),
        );
    });
  });
}

function findServer(machine: Machine, url: string): VirtualServer | undefined {
  const isWeb = /^https?:/i.test(url) && URL.canParse(url);
  return isWeb ? machine.world.servers.get(new URL(url).host) : undefined;
}
