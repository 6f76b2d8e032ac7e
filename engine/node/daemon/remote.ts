import { Hono } from 'hono';
import { VERSION } from '../../codec/version.ts';
import type { Clock } from '../../runtime/port.ts';
import type { Control } from '../control/control.ts';
import type { Log } from '../log.ts';
import { MONITOR_DEFAULTS, NodeMonitor } from '../metrics/node-monitor.ts';
import { PAGE_FOLDER } from '../page-folder.ts';
import type { RemoteEnv, RemoteMount } from '../remote/mount.ts';
import { type OpenRemote, openRemote } from '../remote/open-remote.ts';
import { jobsMount } from '../roles/jobs-mount.ts';
import type { RoleKeeper } from '../roles/role-keeper.ts';
import type { NodeSettings } from '../settings.ts';
import { streamMount } from '../stream/mount.ts';
import { StreamDesk, type StreamModules } from '../stream/stream-desk.ts';
import { WEB_APP_DEFAULTS, WebApp } from '../web/web-app.ts';
import type { NodeView } from './node-view.ts';

export interface NodeRemoteModules {
  readonly control: Control;
  readonly view: () => NodeView;
  readonly openStream: StreamModules['open'];
  readonly roles: RoleKeeper;
  readonly clock: Clock;
  /** The node takes connections of peers. */
  readonly shouldListen: boolean;
  readonly shutDown: () => void;
  readonly report: (line: string) => void;
  readonly log: Log;
}

/** Opens the port for page, metrics and remote controls; undefined: the settings want none. */
export async function openNodeRemote(
  settings: NodeSettings,
  modules: NodeRemoteModules,
): Promise<OpenRemote | undefined> {
  if (settings.statusPort === false) return undefined;
  const { clock, control, log } = modules;
  const now = (): number => clock.wallClock();
  const web = new WebApp({ ...WEB_APP_DEFAULTS, version: VERSION, assets: PAGE_FOLDER }, { control, now });
  const monitor = new NodeMonitor(
    { ...MONITOR_DEFAULTS, version: VERSION, shouldListen: modules.shouldListen },
    { control, now },
  );
  const streams = new StreamDesk({}, { open: modules.openStream, clock });
  const close = (): void => {
    streams.close();
    web.close();
    monitor.close();
  };
  try {
    const remote = await openRemote(settings, {
      ...{ control, clock, shutDown: modules.shutDown, report: modules.report },
      mounts: [
        ...[web.mount, ...monitor.mounts, streamMount(streams), jobsMount(modules.roles)],
        viewMount(modules.view),
      ],
      onPassword: (user, password) =>
        log.warn('a password for remote controls was made, and is told this once', { user, password }),
    });
    if (remote === undefined) return undefined;
    return {
      url: remote.url,
      close: async () => {
        close();
        await remote.close();
      },
    };
  } catch (error) {
    close();
    throw error;
  }
}

/** `/status.json`: the whole node as one value. */
function viewMount(view: () => NodeView): RemoteMount {
  const app = new Hono<RemoteEnv>().get('/', (c) => c.json(view()));
  return { path: '/status.json', access: 'challenge', app };
}
