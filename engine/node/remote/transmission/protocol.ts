import { AlliumError } from '../../../codec/error.ts';
import { RowList } from '../row-list.ts';
import { isRecord, type JsonRecord, sentenceOf, wrongValue } from '../values.ts';
import type { Call } from './call.ts';
import { METHODS } from './methods.ts';
import { newName, renamed } from './names.ts';

/** Requests in one list (JSON-RPC 2.0, batch). */
export const BATCH_MAX = 100;

/** JSON-RPC 2.0, and the numbers that Transmission 4.1 adds. */
const CODES = {
  parse: -32700,
  request: -32600,
  method: -32601,
  params: -32602,
  internal: -32603,
  system: 5,
} as const;

const MESSAGES: Readonly<Record<number, string>> = {
  [CODES.parse]: 'Parse error',
  [CODES.request]: 'Invalid Request',
  [CODES.method]: 'Method not found',
  [CODES.params]: 'Invalid params',
  [CODES.internal]: 'Internal error',
  [CODES.system]: 'System error',
};

/** What is sent back: nothing for requests that want no answer. `list`: rows that are still to be written. */
export interface Answer {
  readonly body: unknown;
  readonly list: RowList | undefined;
}

/** Everything a request needs beside its style. */
export type CallBase = Omit<Call, 'style'>;
type JsonRpcId = string | number | null;

/** Answers the body of a request in either protocol. Never rejects but for faults of this program. */
export async function answerBody(
  text: string,
  base: CallBase,
  onFault: (error: unknown) => void,
): Promise<Answer | undefined> {
  let request: unknown;
  try {
    request = JSON.parse(text);
  } catch {
    return { body: failure(null, CODES.parse, 'the request is no JSON'), list: undefined };
  }
  if (Array.isArray(request)) return answerBatch(request, base, onFault);
  if (isRecord(request) && request['jsonrpc'] === undefined) return answerOld(request, base, onFault);
  return answerNew(request, base, onFault);
}

async function answerBatch(
  requests: readonly unknown[],
  base: CallBase,
  onFault: (error: unknown) => void,
): Promise<Answer | undefined> {
  if (requests.length === 0 || requests.length > BATCH_MAX) {
    return {
      body: failure(null, CODES.request, `a list holds 1 to ${BATCH_MAX} requests`),
      list: undefined,
    };
  }
  const answers: unknown[] = [];
  for (const request of requests) {
    const answer = await answerNew(request, base, onFault);
    if (answer !== undefined) answers.push(written(answer));
  }
  return answers.length === 0 ? undefined : { body: answers, list: undefined };
}

/** In a list of answers there is no place for rows that are written later. */
function written({ body, list }: Answer): unknown {
  if (list === undefined) return body;
  const { result, ...rest } = body as { readonly result: JsonRecord };
  const rows = list.rows.map((row) => JSON.parse(list.jsonOf(row)) as unknown);
  const torrents = list.head === '' ? rows : [JSON.parse(list.head) as unknown, ...rows];
  return { ...rest, result: { ...result, torrents } };
}

/** The form of Transmission before 4.1: `{ method, arguments, tag }`. */
async function answerOld(
  request: JsonRecord,
  base: CallBase,
  onFault: (error: unknown) => void,
): Promise<Answer> {
  const { tag, method: name, arguments: args } = request;
  const tagged = typeof tag === 'number' ? { tag } : {};
  try {
    const method = typeof name === 'string' ? METHODS.get(newName(name)) : undefined;
    if (method === undefined) throw new AlliumError('BAD_USAGE', 'method name not recognized');
    const result = await method(argsOf(args), { ...base, style: 'old' });
    return { body: { arguments: result, result: 'success', ...tagged }, list: listIn(result) };
  } catch (error) {
    if (!(error instanceof AlliumError)) onFault(error);
    return { body: { arguments: {}, result: textFor(error), ...tagged }, list: undefined };
  }
}

/** JSON-RPC 2.0. Undefined: the request has no id and so wants no answer. */
async function answerNew(
  request: unknown,
  base: CallBase,
  onFault: (error: unknown) => void,
): Promise<Answer | undefined> {
  const plain = (body: unknown): Answer => ({ body, list: undefined });
  if (!isRecord(request)) return plain(failure(null, CODES.request, 'a request is an object'));
  const { jsonrpc, id, method: name, params } = request;
  const answerId = idOf(id);
  if (jsonrpc !== '2.0' || typeof name !== 'string' || answerId === undefined) {
    return plain(failure(answerId ?? null, CODES.request, 'jsonrpc, method or id is wrong'));
  }
  const method = METHODS.get(name);
  let answer: Answer;
  try {
    if (method === undefined) {
      answer = plain(failure(answerId, CODES.method, 'there is no such method'));
    } else {
      const result = await method(argsOf(params), { ...base, style: 'new' });
      answer = { body: { jsonrpc: '2.0', result, id: answerId }, list: listIn(result) };
    }
  } catch (error) {
    if (!(error instanceof AlliumError)) onFault(error);
    answer = plain(failure(answerId, codeOf(error), textFor(error)));
  }
  return id === undefined ? undefined : answer;
}

/** Undefined: no valid id. Absent is as good as null here. */
function idOf(id: unknown): JsonRpcId | undefined {
  if (id === undefined || id === null) return null;
  return typeof id === 'string' || typeof id === 'number' ? id : undefined;
}

function argsOf(args: unknown): JsonRecord {
  if (args === undefined || args === null) return {};
  if (!isRecord(args)) throw wrongValue('the arguments', 'an object');
  return renamed(args, newName);
}

function listIn(result: JsonRecord): RowList | undefined {
  const { torrents } = result;
  return torrents instanceof RowList ? torrents : undefined;
}

function codeOf(error: unknown): number {
  if (!(error instanceof AlliumError)) return CODES.internal;
  const isUsage = error.code === 'BAD_USAGE' || error.code === 'BAD_TORRENT' || error.code === 'BAD_BENCODE';
  return isUsage ? CODES.params : CODES.system;
}

function textFor(error: unknown): string {
  return error instanceof AlliumError ? sentenceOf(error) : 'this is a fault of the node; its log says more';
}

function failure(id: JsonRpcId, code: number, text: string): unknown {
  const error = { code, message: MESSAGES[code] ?? 'Error', data: { error_string: text } };
  return { jsonrpc: '2.0', error, id };
}
