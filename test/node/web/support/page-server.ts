import type { Control } from '../../../../engine/node/control/control.ts';
import { PAGE_FOLDER } from '../../../../engine/node/page-folder.ts';
import { REMOTE_DEFAULTS } from '../../../../engine/node/remote/options.ts';
import { RemoteServer } from '../../../../engine/node/remote/server.ts';
import { WEB_APP_DEFAULTS, WebApp, type WebAppOptions } from '../../../../engine/node/web/web-app.ts';

/** The page of a node on a port of its own, with nobody asked for a password. */
export interface PageServer {
  readonly url: string;
  readonly faults: unknown[];
  close(): Promise<void>;
}

/** `port` 0: any free one. */
export async function servePage(
  control: Control,
  some: Partial<WebAppOptions> = {},
  port = 0,
): Promise<PageServer> {
  const web = new WebApp(
    { ...WEB_APP_DEFAULTS, version: '0.1.0', assets: PAGE_FOLDER, ...some },
    { control, now: () => Date.now() },
  );
  const faults: unknown[] = [];
  const server = await RemoteServer.start(
    { ...REMOTE_DEFAULTS, host: '127.0.0.1', port },
    {
      mounts: [web.mount],
      credential: undefined,
      now: () => performance.now(),
      onFault: (error) => faults.push(error),
    },
  );
  return {
    url: server.url,
    faults,
    close: async () => {
      web.close();
      await server.close();
    },
  };
}
