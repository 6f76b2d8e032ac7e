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

/** Asks a node that runs, by Transmission's JSON-RPC. */
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
    let answer = await this.post(body);
    if (answer.status === 409) {
      this.sessionId = answer.headers.get(SESSION_HEADER) ?? '';
      answer = await this.post(body);
    }
    if (answer.status === 401) throw this.refused('the node asks for a user and a password');
    if (answer.status === 429) throw this.refused('too many wrong passwords were tried');
    const value = await this.jsonOf(answer);
    const { error, result } = value;
    if (isRecord(error)) throw refusalOf(error);
    if (!isRecord(result)) throw this.noNode(undefined);
    return result;
  }

  private async post(body: string): Promise<Response> {
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
      return await fetch(new URL(RPC_PATH, url), { method: 'POST', headers, body, signal });
    } catch (error) {
      throw this.noNode(error);
    }
  }

  private async jsonOf(answer: Response): Promise<JsonRecord> {
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
