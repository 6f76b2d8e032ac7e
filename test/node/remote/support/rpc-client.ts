import type { RemoteScene } from './remote-scene.ts';

export type Json = Record<string, unknown>;

/** Asks Transmission's way, in both forms; fetches the session id first. */
export interface RpcClient {
  /** Old form: gives the arguments, or throws the text of the failure. */
  readonly old: (method: string, args?: Json) => Promise<Json>;
  /** JSON-RPC 2.0: gives the result, or throws the error's string. */
  readonly call: (method: string, params?: Json) => Promise<Json>;
  /** Any body, as it is. */
  readonly post: (body: string) => Promise<Response>;
}

export async function rpcClient(scene: RemoteScene): Promise<RpcClient> {
  const first = await scene.ask('/transmission/rpc', { method: 'POST', body: '' });
  const headers = { 'X-Transmission-Session-Id': first.headers.get('X-Transmission-Session-Id') ?? '' };
  const post = (body: string): Promise<Response> =>
    scene.ask('/transmission/rpc', { method: 'POST', headers, body });
  return {
    post,
    old: async (method, args) => {
      const answer = (await (await post(JSON.stringify({ method, arguments: args, tag: 7 }))).json()) as Json;
      if (answer['tag'] !== 7) throw new Error('the tag is missing');
      if (answer['result'] !== 'success') throw new Error(String(answer['result']));
      return answer['arguments'] as Json;
    },
    call: async (method, params) => {
      const answer = (await (
        await post(JSON.stringify({ jsonrpc: '2.0', method, params, id: 'x' }))
      ).json()) as Json;
      if (answer['id'] !== 'x') throw new Error('the id is missing');
      const error = answer['error'] as { data: { error_string: string } } | undefined;
      if (error !== undefined) throw new Error(error.data.error_string);
      return answer['result'] as Json;
    },
  };
}
