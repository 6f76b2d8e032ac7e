import { readAddress } from '../../codec/address.ts';
import type { OnionAddress, StreamReason } from '../client/types.ts';
import { webAnswer } from './http-page.ts';
import {
  type Negotiation,
  type NegotiationStep,
  NOTHING,
  type ProxyCommand,
  type ProxyFault,
} from './negotiation.ts';
import {
  COMMAND,
  encodeLoginStatus,
  encodeMethod,
  encodeReply,
  METHOD,
  type Read,
  readGreeting,
  readLogin,
  readRequest,
  type SocksRequest,
} from './socks5-messages.ts';
import { REPLY, replyOf } from './socks5-reply.ts';

/** User names that begin like this are reserved; `0` behind it says that the password keeps streams apart. */
const RESERVED_USER = '<torS0X>';
const SOCKS4_REFUSED = Uint8Array.of(0, 0x5b, 0, 0, 0, 0, 0, 0);
const COMMANDS: ReadonlyMap<number, ProxyCommand> = new Map([
  [COMMAND.connect, 'connect'],
  [COMMAND.resolve, 'resolve'],
  [COMMAND.resolvePtr, 'resolve-ptr'],
]);

type Outcome = { readonly reply: Uint8Array } & (
  | { readonly kind: 'next' }
  | Omit<Extract<NegotiationStep, { kind: 'request' }>, 'used'>
  | Omit<Extract<NegotiationStep, { kind: 'refused' }>, 'used'>
);

/** SOCKS5 (RFC 1928 and 1929) with Tor's RESOLVE and RESOLVE_PTR. It never waits for more bytes than a message has. */
export class Socks5Negotiation implements Negotiation {
  readonly protocol = 'socks5';
  #state: 'greeting' | 'login' | 'request' = 'greeting';
  #user: string | undefined;
  #password: string | undefined;

  take(bytes: Uint8Array): NegotiationStep {
    let used = 0;
    let reply: Uint8Array = NOTHING;
    for (;;) {
      const rest = bytes.subarray(used);
      const [byteLength, outcome] = this.#step(rest);
      if (outcome === undefined) return { kind: 'more', used, reply };
      used += byteLength;
      reply = joined(reply, outcome.reply);
      if (outcome.kind !== 'next') return { ...outcome, used, reply };
    }
  }

  connected(): Uint8Array {
    return encodeReply(REPLY.succeeded);
  }

  resolved(address: OnionAddress): Uint8Array {
    if (address.kind !== 'name') return encodeReply(REPLY.succeeded, readAddress(address.value));
    const isNameable = /^[\x21-\x7e]{1,255}$/.test(address.value);
    return isNameable ? encodeReply(REPLY.succeeded, address.value) : encodeReply(REPLY.hostUnreachable);
  }

  failed(reason: StreamReason): Uint8Array {
    return encodeReply(replyOf(reason));
  }

  #step(bytes: Uint8Array): readonly [byteLength: number, outcome: Outcome | undefined] {
    switch (this.#state) {
      case 'greeting':
        return taken(
          readGreeting(bytes),
          (methods) => this.#greet(methods),
          () => strange(bytes),
        );
      case 'login':
        return taken(
          readLogin(bytes),
          (login) => this.#login(login),
          () => refused('malformed', encodeLoginStatus(false)),
        );
      case 'request':
        return taken(
          readRequest(bytes),
          (request) => this.#request(request),
          () => refused('malformed', encodeReply(REPLY.general)),
        );
    }
  }

  #greet(methods: Uint8Array): Outcome {
    // Who can log in wants its streams kept apart from those of others.
    if (methods.includes(METHOD.userPassword)) {
      this.#state = 'login';
      return { kind: 'next', reply: encodeMethod(METHOD.userPassword) };
    }
    if (!methods.includes(METHOD.none)) return refused('method', encodeMethod(METHOD.unacceptable));
    this.#state = 'request';
    return { kind: 'next', reply: encodeMethod(METHOD.none) };
  }

  #login({ user, password }: { readonly user: string; readonly password: string }): Outcome {
    // Tor's SOCKS extensions: forms that are not known must not be taken for plain names.
    if (user.startsWith(RESERVED_USER) && user !== `${RESERVED_USER}0`) {
      return refused('credentials', encodeLoginStatus(false));
    }
    this.#user = user;
    this.#password = password;
    this.#state = 'request';
    return { kind: 'next', reply: encodeLoginStatus(true) };
  }

  #request({ command: commandByte, host, isName, port }: SocksRequest): Outcome {
    const command = COMMANDS.get(commandByte);
    if (command === undefined) return refused('command', encodeReply(REPLY.badCommand));
    const isWrongKind = command === 'resolve-ptr' && isName && readAddress(host ?? '') === undefined;
    if (host === undefined || isWrongKind) return refused('address', encodeReply(REPLY.badAddress));
    if (host === '' || (command === 'connect' && port === 0)) {
      return refused('malformed', encodeReply(REPLY.general));
    }
    const request = { command, host, port, user: this.#user, password: this.#password };
    return { kind: 'request', reply: NOTHING, request };
  }
}

function taken<T>(
  read: Read<T>,
  onMessage: (value: T) => Outcome,
  onMalformed: () => Outcome,
): readonly [byteLength: number, outcome: Outcome | undefined] {
  if (read.kind === 'more') return [0, undefined];
  return read.kind === 'malformed' ? [0, onMalformed()] : [read.byteLength, onMessage(read.value)];
}

/** Something else than SOCKS5. A browser that was told of an HTTP proxy gets a page that says what is wrong. */
function strange(bytes: Uint8Array): Outcome {
  const first = bytes[0] ?? 0;
  if (first === 4) return refused('socks4', SOCKS4_REFUSED);
  const isLetter = first >= 0x41 && first <= 0x5a;
  return isLetter ? refused('http', webAnswer('socks-port')) : refused('not-proxy', NOTHING);
}

function refused(fault: ProxyFault, reply: Uint8Array): Outcome {
  return { kind: 'refused', reply, fault };
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  return a.length === 0 ? b : b.length === 0 ? a : Uint8Array.of(...a, ...b);
}
