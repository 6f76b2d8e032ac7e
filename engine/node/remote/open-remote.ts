import { join } from 'node:path';
import { AlliumError } from '../../codec/error.ts';
import type { Control } from '../control/control.ts';
import { openPort } from '../daemon/auto-port.ts';
import { AUTO_PORTS, type NodeSettings } from '../settings.ts';
import { removeAddress, writeAddress } from './address-file.ts';
import { credentialFor } from './guard/kept-credential.ts';
import type { RemoteMount } from './mount.ts';
import { REMOTE_DEFAULTS } from './options.ts';
import { qbittorrentMounts } from './qbittorrent/mount.ts';
import { RemoteServer } from './server.ts';
import { transmissionMount } from './transmission/mount.ts';

/** The hash of the password that was made at the first start. */
const PASSWORD_FILE = 'remote-password';

export type RemoteSettings = Pick<
  NodeSettings,
  | 'state'
  | 'statusPort'
  | 'remoteHost'
  | 'remoteUser'
  | 'remotePassword'
  | 'remoteNames'
  | 'dht'
  | 'pex'
  | 'lsd'
  | 'encryption'
>;

export interface RemoteParts {
  readonly control: Control;
  /** What else is at the port: the page, metrics, streams. */
  readonly mounts: readonly RemoteMount[];
  readonly clock: { now(): number; wallClock(): number };
  /** Ends the node: a remote control asks for that. */
  readonly shutDown: () => void;
  /** Tells the operator of a fault or of something to look into. */
  readonly report: (line: string) => void;
  /** Is told, that one time, the password that was made. */
  readonly onPassword: (user: string, password: string) => void;
}

/** The port of a node for everything remote, open. */
export interface OpenRemote {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Opens the port with all that speaks on it; undefined: the settings want none. Rejects with ADDRESS_IN_USE,
 * NO_PERMISSION, BAD_STATE and the file system's codes.
 */
export async function openRemote(
  settings: RemoteSettings,
  parts: RemoteParts,
): Promise<OpenRemote | undefined> {
  const { statusPort, state, remoteHost: host, remoteUser: user, remotePassword } = settings;
  if (statusPort === false) return undefined;
  const credential = await credentialFor(
    {
      ...{ host, user, path: join(state, PASSWORD_FILE) },
      password: remotePassword === false ? undefined : remotePassword,
    },
    { onMade: (password) => parts.onPassword(user, password) },
  );
  const { control, clock, shutDown } = parts;
  const now = (): number => clock.now();
  const onFault = (error: unknown): void => parts.report(`the remote port: ${textOf(error)}`);
  const facts = { ...settings, stateFolder: state };
  const modules = { control, facts, now, nowMs: () => clock.wallClock(), shutDown, onFault };
  const mounts = [transmissionMount(modules), ...qbittorrentMounts(modules), ...parts.mounts];
  const names = settings.remoteNames;
  const server = await openPort(statusPort, AUTO_PORTS.status, (port) =>
    RemoteServer.start({ ...REMOTE_DEFAULTS, host, port, names }, { mounts, credential, now, onFault }),
  );
  try {
    await writeAddress(state, server.url);
  } catch (error) {
    await server.close();
    throw error;
  }
  return {
    url: server.url,
    close: async () => {
      await removeAddress(state);
      await server.close();
    },
  };
}

function textOf(error: unknown): string {
  if (error instanceof AlliumError) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
