import { readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type ControlMessage, ControlReplyReader } from './control-reply.ts';
import type { TorNodePlan } from './node.ts';

const COMMAND_TIMEOUT_MS = 30_000;

interface Waiting {
  readonly command: string;
  resolve(message: ControlMessage): void;
  reject(error: Error): void;
}

/** A connection to the control port of a tor process, authenticated by its cookie. control-spec. */
export class TorControl {
  readonly #socket: Socket;
  readonly #waiting: Waiting[] = [];
  readonly #listeners = new Set<(line: string) => void>();
  readonly #eventNames = new Set<string>();

  private constructor(socket: Socket) {
    this.#socket = socket;
    const reader = new ControlReplyReader();
    socket.setNoDelay(true);
    socket.on('error', () => {}); // 'close' follows
    socket.on('close', () => {
      for (const { command, reject } of this.#waiting.splice(0)) {
        reject(new Error(`tor closed the control connection, ${command} is not answered`));
      }
    });
    const lines = createInterface({ input: socket });
    lines.on('error', () => {}); // it passes on those of the socket
    lines.on('line', (line) => {
      const message = reader.push(line);
      if (message !== undefined) this.#take(message);
    });
  }

  /** Connects and authenticates. Throws when tor does not listen yet. */
  static async open(node: TorNodePlan): Promise<TorControl> {
    const cookie = await readFile(join(node.dataDir, 'control_auth_cookie'));
    const socket = connect(node.controlPort, '127.0.0.1');
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    const control = new TorControl(socket);
    try {
      await control.send(`AUTHENTICATE ${cookie.toString('hex')}`);
    } catch (error) {
      control.close();
      throw error;
    }
    return control;
  }

  /** Sends one command. Returns the lines of the answer; throws when it is not a 2xx one. */
  send(command: string): Promise<readonly string[]> {
    return new Promise((resolve, reject) => {
      const word = command.split(' ', 1)[0] ?? '';
      const timer = setTimeout(
        () => this.#socket.destroy(new Error('too slow')), // answers have no numbers: it is of no use any more
        COMMAND_TIMEOUT_MS,
      );
      this.#waiting.push({
        command: word,
        resolve: ({ code, lines }) => {
          clearTimeout(timer);
          if (code >= 200 && code < 300) resolve(lines);
          else reject(new Error(`${word}: ${code} ${lines.join('; ')}`));
        },
        reject: (error) => {
          clearTimeout(timer);
          reject(error);
        },
      });
      if (this.#socket.destroyed) this.#waiting.pop()?.reject(new Error('the control connection is closed'));
      else this.#socket.write(`${command}\r\n`);
    });
  }

  /** The value of one key; lines of a longer value are joined by \n. Throws for keys tor has no answer to. */
  async getInfo(key: string): Promise<string> {
    const lines = await this.send(`GETINFO ${key}`);
    const value = lines.slice(0, -1); // the last one is OK
    const first = (value[0] ?? '').slice((value[0] ?? '').indexOf('=') + 1);
    return (first === '' ? value.slice(1) : [first, ...value.slice(1)]).join('\n');
  }

  /** Changes settings of the running process. */
  async setConf(settings: Readonly<Record<string, string | number>>): Promise<void> {
    const words = Object.entries(settings).map(([name, value]) => `${name}=${JSON.stringify(String(value))}`);
    await this.send(`SETCONF ${words.join(' ')}`);
  }

  /** NEWNYM, HUP, DUMP, … */
  async signal(name: string): Promise<void> {
    await this.send(`SIGNAL ${name}`);
  }

  /** Asks for further events (CIRC, STREAM, ORCONN, NOTICE, …); earlier ones stay asked for. */
  async subscribe(...names: readonly string[]): Promise<void> {
    for (const name of names) this.#eventNames.add(name);
    await this.send(`SETEVENTS ${[...this.#eventNames].join(' ')}`);
  }

  /** Calls back with the first line of every event, without its code. Returns what ends it. */
  onEvent(listener: (line: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Per cent of the bootstrap. */
  async bootstrapPercent(): Promise<number> {
    return Number(/PROGRESS=(\d+)/.exec(await this.getInfo('status/bootstrap-phase'))?.[1] ?? 0);
  }

  /** Whether its consensus holds the relay, and with `descriptor` whether it could build a circuit through it. */
  async knows(fingerprint: string, descriptor = false): Promise<boolean> {
    try {
      await this.send(`GETINFO ns/id/${fingerprint}`);
      if (!descriptor) return true;
      return (await this.getInfo(`md/id/${fingerprint}`)) !== '';
    } catch {
      return false;
    }
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(message: ControlMessage): void {
    if (message.code !== 650) this.#waiting.shift()?.resolve(message);
    else for (const listener of this.#listeners) listener(message.lines[0] ?? '');
  }
}
