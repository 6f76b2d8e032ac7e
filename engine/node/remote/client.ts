import { AlliumError } from '../../codec/error.ts';
import { printable } from '../../codec/text.ts';
import { isRecord, type JsonRecord } from './values.ts';

export interface RemoteClientOptions {
  /** Of the node, such as `http://127.0.0.1:8090/`. */
  readonly url: string;
  /** Asked with when the node wants to know. */
  readonly user: string;
  readonly password: string | undefined;
  readonly timeoutMs: number;
}

const RPC_PATH = 'transmission/rpc';
const SESSION_HEADER = 'X-Transmission-Session-Id';
const INVALID_PARAMS = -32602;

/** Asks a node that runs, by Transmission's JSON-RPC, and for what that does not know by paths of its own. */
export class RemoteClient {
  private readonly options: RemoteClientOptions;
  private sessionId = '';

  constructor(options: RemoteClientOptions) {
    this.options = options;
  }

  /**
   * Rejects with NETWORK_FAILED when nobody answers, NO_PERMISSION for a wrong password, BAD_USAGE or NOT_FOUND for what
   * the node refuses.
   */
  async call(method: string, params: JsonRecord = {}): Promise<JsonRecord> {
    const body = JSON.stringify({ jsonrpc: '2.0', method, params, id: 1 });
    let answer = await this.send(RPC_PATH, body);
    if (answer.status === 409) {
      this.sessionId = answer.headers.get(SESSION_HEADER) ?? '';
      answer = await this.send(RPC_PATH, body);
    }
    const value = await this.jsonOf(answer);
    const { error, result } = value;
    if (isRecord(error)) throw refusalOf(error);
    if (!isRecord(result)) throw this.noNode(undefined);
    return result;
  }

  /** What `path` answers; with a `body` it is told something. Rejects as {@link call} does. */
  async ask(path: string, body?: JsonRecord): Promise<JsonRecord> {
    return this.jsonOf(await this.send(path, body === undefined ? undefined : JSON.stringify(body)));
  }

  private async send(path: string, body: string | undefined): Promise<Response> {
    const { url, user, password, timeoutMs } = this.options;
    const headers: Record<string, string> = {
      'Content-Type': 'application/json',
      [SESSION_HEADER]: this.sessionId,
    };
    if (password !== undefined) {
      headers['Authorization'] = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
    }
    try {
      const signal = AbortSignal.timeout(timeoutMs);
      const told = body === undefined ? {} : { method: 'POST', body };
      return await fetch(new URL(path, url), { headers, signal, ...told });
    } catch (error) {
      throw this.noNode(error);
    }
  }

  private async jsonOf(answer: Response): Promise<JsonRecord> {
    if (answer.status === 401) throw this.refused('the node asks for a user and a password');
    if (answer.status === 429) throw this.refused('too many wrong passwords were tried');
    try {
      const value: unknown = await answer.json();
      if (answer.ok && isRecord(value)) return value;
    } catch (error) {
      throw this.noNode(error);
    }
    throw this.noNode(undefined);
  }

  private noNode(cause: unknown): AlliumError {
    return new AlliumError('NETWORK_FAILED', `no node answers at ${this.options.url}`, {
      advice: 'Start one with allium node, or say where it is with --url.',
      cause,
    });
  }

  private refused(message: string): AlliumError {
    return new AlliumError('NO_PERMISSION', message, {
      advice: 'Give them with --user and the variable ALLIUM_REMOTE_PASSWORD.',
    });
  }
}

function refusalOf(error: JsonRecord): AlliumError {
  const { data, message, code } = error;
  const text =
    isRecord(data) && typeof data['error_string'] === 'string' ? data['error_string'] : String(message);
  return new AlliumError(
    code === INVALID_PARAMS ? 'BAD_USAGE' : 'IO_FAILED',
    printable(text).replace(/\.$/, ''),
  );
}
