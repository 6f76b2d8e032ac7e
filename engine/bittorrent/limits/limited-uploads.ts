import type { UploadGate, UploadTurns } from './gates.ts';
import type { LimitPath } from './limit-path.ts';
import type { TurnQueue, Waiter } from './turn-queue.ts';

/** The gate of one peer's uploads where there is a limit: a run starts, and takes memory, when it may go. */
export class LimitedUploads implements UploadGate, Waiter {
  readonly path: LimitPath;
  readonly #queue: TurnQueue;
  readonly #uploads: UploadTurns;

  constructor(modules: {
    readonly path: LimitPath;
    readonly queue: TurnQueue;
    readonly uploads: UploadTurns;
  }) {
    this.path = modules.path;
    this.#queue = modules.queue;
    this.#uploads = modules.uploads;
  }

  pump(): void {
    if (!this.#uploads.isReady || this.#queue.isWaiting(this)) return;
    if (this.#queue.admit(this)) this.goOn();
  }

  goOn(): void {
    const { path } = this;
    let turnLeft = path.turnBytes;
    while (this.#uploads.isReady) {
      if (turnLeft <= 0) {
        if (!this.#queue.admit(this)) return;
        turnLeft = path.turnBytes;
      }
      const byteLength = this.#uploads.startRun(path.allowance(turnLeft));
      if (byteLength === 0) return;
      path.spend(byteLength);
      turnLeft = this.#queue.mayGoOn(path) ? turnLeft - byteLength : 0;
    }
  }

  close(): void {
    this.#queue.leave(this);
  }
}
