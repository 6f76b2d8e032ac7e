import { type DirectoryAnswer, DirectoryAnswerReader } from '../../onion/directory/directory-answer.ts';
import { type DirectoryRequest, encodeDirectoryRequest } from '../../onion/directory/directory-request.ts';
import { failure, type Result } from '../../onion/directory/result.ts';
import type { ByteStream, Clock, Endpoint, Network, StreamHandler, Timer } from '../../runtime/port.ts';

const READ_BYTES = 16 * 1024;

export interface ExchangeOptions {
  /** From the first packet to the last byte. */
  readonly timeoutMs: number;
  /** Of the answer's body, packed and unpacked alike. */
  readonly bodyBytesMax: number;
}

/** Asks a directory at its DirPort. Never rejects; the reason is for the operator. dir-spec, HTTP/1.0. */
export function askDirectory(
  at: Endpoint,
  request: DirectoryRequest,
  options: ExchangeOptions,
  modules: { readonly network: Network; readonly clock: Clock },
): Promise<Result<DirectoryAnswer>> {
  return new Promise((resolve) => {
    const exchange = new Exchange(at, encodeDirectoryRequest(request, at.host), options, {
      ...modules,
      resolve,
    });
    exchange.begin();
  });
}

class Exchange implements StreamHandler {
  readonly #at: Endpoint;
  readonly #request: Uint8Array;
  readonly #options: ExchangeOptions;
  readonly #network: Network;
  readonly #clock: Clock;
  readonly #resolve: (result: Result<DirectoryAnswer>) => void;
  readonly #reader: DirectoryAnswerReader;
  readonly #target = new Uint8Array(READ_BYTES);
  #stream: ByteStream | undefined;
  #timer: Timer | undefined;
  #isOpen = false;
  #isOver = false;

  constructor(
    at: Endpoint,
    request: Uint8Array,
    options: ExchangeOptions,
    modules: {
      readonly network: Network;
      readonly clock: Clock;
      readonly resolve: (result: Result<DirectoryAnswer>) => void;
    },
  ) {
    this.#at = at;
    this.#request = request;
    this.#options = options;
    this.#network = modules.network;
    this.#clock = modules.clock;
    this.#resolve = modules.resolve;
    this.#reader = new DirectoryAnswerReader(options);
  }

  begin(): void {
    const { timeoutMs } = this.#options;
    this.#timer = this.#clock.setTimer(timeoutMs, () =>
      this.#finish(failure(`${this.#name} did not answer within ${Math.round(timeoutMs / 1000)} s`)),
    );
    this.#stream = this.#network.connect(this.#at, this, { timeoutMs });
  }

  onOpen(): void {
    this.#isOpen = true;
    this.#stream?.write(this.#request);
  }

  readTarget(): Uint8Array {
    return this.#target;
  }

  onRead(length: number): void {
    if (this.#isOver) return;
    const pushed = this.#reader.push(this.#target.subarray(0, length));
    if (!pushed.ok) this.#finish(failure(`${this.#name}: ${pushed.reason}`));
    else if (pushed.value === 'done') this.#finish(this.#reader.finish());
  }

  onDrain(): void {}

  onClose(end: { readonly kind: string; readonly code: string }): void {
    if (end.kind === 'ended') this.#finish(this.#reader.finish());
    else {
      const what = this.#isOpen ? 'broke off' : 'cannot be reached';
      this.#finish(failure(`${this.#name} ${what} (${end.code === '' ? end.kind : end.code})`));
    }
  }

  get #name(): string {
    return `the directory at ${this.#at.host} port ${this.#at.port}`;
  }

  #finish(result: Result<DirectoryAnswer>): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#timer?.cancel();
    this.#stream?.destroy();
    this.#resolve(result);
  }
}
