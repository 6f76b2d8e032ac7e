import { RELAY_KEY_BYTES } from '../../kernels/relay-cells.ts';
import type { Random } from '../../runtime/port.ts';
import { encodeCreate2 } from '../cell/circuit-messages.ts';
import { CELL } from '../cell/command.ts';
import { encodeExtend2, linkSpecifiers } from '../cell/extend.ts';
import type { RelayCipher } from '../crypto/circuit-keys.ts';
import { finishCreateFast } from '../crypto/create-fast.ts';
import { finishHop, type HopHandshake, startHop } from '../crypto/create2-client.ts';
import { hexBytes } from './bytes.ts';
import type { HopPlan } from './circuit-types.ts';

const FAST_BYTES = 20;
const EPHEMERAL_BYTES = 32;

/** What a hop that answered gives. */
export interface NewHop {
  readonly cipher: RelayCipher;
  /** As the kernel takes them. To be wiped. */
  readonly keys: Uint8Array;
  /** Cells between two SENDMEs; undefined: fixed windows. */
  readonly sendmeIncrement: number | undefined;
}

/** A handshake with one hop, from what is sent to what comes back. */
export interface Greeting {
  /** For a first hop: the cell to send. */
  readonly command: number;
  readonly body: Uint8Array;
  /** Undefined: the answer does not prove what it has to. */
  finish(answer: Uint8Array): NewHop | undefined;
}

/** Begins with the first hop: CREATE_FAST where its key is not known, else CREATE2. Undefined: its key is none. */
export function greetFirst(plan: HopPlan, random: Random): Greeting | undefined {
  if (plan.onionKey === undefined) return greetFast(random);
  const started = start(plan, random);
  if (started === undefined) return undefined;
  const body = encodeCreate2({ type: started.type, data: started.onionSkin });
  return { command: CELL.create2, body, finish: (answer) => finish(started, answer) };
}

/** Begins with a further hop; `body` is that of EXTEND2. Undefined: its key is none. */
export function greetNext(plan: HopPlan, random: Random): Greeting | undefined {
  const started = start(plan, random);
  if (started === undefined) return undefined;
  const body = encodeExtend2({
    specifiers: linkSpecifiers(plan.target),
    create: { type: started.type, data: started.onionSkin },
  });
  return { command: CELL.relayEarly, body, finish: (answer) => finish(started, answer) };
}

function greetFast(random: Random): Greeting {
  const x = random.bytes(FAST_BYTES);
  return {
    command: CELL.createFast,
    body: x,
    finish(answer) {
      const keys = finishCreateFast(x, answer);
      if (!keys.ok) return undefined;
      return {
        cipher: 'tor1',
        keys: keys.value.subarray(0, RELAY_KEY_BYTES.tor1),
        sendmeIncrement: undefined,
      };
    },
  };
}

function start(plan: HopPlan, random: Random): HopHandshake | undefined {
  if (plan.onionKey === undefined) return undefined;
  const target = {
    fingerprint: hexBytes(plan.fingerprint),
    identity: plan.ed25519Id,
    onionKey: plan.onionKey,
  };
  const started = startHop(target, plan.wishes, random.bytes(EPHEMERAL_BYTES));
  return started.ok ? started.value : undefined;
}

function finish(started: HopHandshake, answer: Uint8Array): NewHop | undefined {
  const done = finishHop(started, answer);
  if (!done.ok) return undefined;
  const { cipher, keys, sendmeIncrement } = done.value;
  // What is behind the keys of the cells binds the handshake for onion services.
  return { cipher, keys: keys.subarray(0, RELAY_KEY_BYTES[cipher]), sendmeIncrement };
}
