import {
  type Create2Fault,
  Create2Server,
  type HandshakeDone,
  type HandshakeIdentity,
  type HandshakeJob,
  type HandshakePolicy,
} from '../crypto/create2-server.ts';
import type { Outcome } from '../crypto/outcome.ts';
import type { OnionskinService } from './services.ts';

/** Handshakes answered one at a time between two turns, so that cells are not kept waiting for a flood of them. */
const PER_TURN = 4;

/** Answers CREATE2 in the event loop itself. */
export class InlineOnionskins implements OnionskinService {
  readonly parallelMax = PER_TURN;
  readonly #server: Create2Server;

  /** Throws a RangeError for keys of a wrong length or number. */
  constructor(options: HandshakeIdentity & HandshakePolicy) {
    this.#server = new Create2Server(options);
  }

  answer(job: HandshakeJob, done: (outcome: Outcome<HandshakeDone, Create2Fault>) => void): void {
    done(this.#server.answer(job));
  }

  setOnionKeys(onionKeys: readonly Uint8Array[]): void {
    this.#server.setOnionKeys(onionKeys);
  }

  setPolicy(policy: HandshakePolicy): void {
    this.#server.setPolicy(policy);
  }
}
