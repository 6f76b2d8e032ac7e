import { type Command, Option } from 'commander';
import type { TransferOptions } from '../../node/transfer.ts';
import type { Endpoint } from '../../runtime/port.ts';
import { countValue, endpointValue, portValue, sizeValue } from './option-values.ts';

/** The words that `get` and `seed` share, as commander hands them over. */
export interface TransferWords {
  readonly port: number;
  readonly host: string;
  readonly peer?: readonly Endpoint[];
  readonly slots: number;
  readonly memory: number;
  readonly tracker: boolean;
  readonly json?: boolean;
}

/** Adds the options that `get` and `seed` share. */
export function addTransferOptions(command: Command): Command {
  return command
    .option('--peer <host:port>', 'a peer to connect to; may be given several times', endpointValue)
    .addOption(
      new Option('--port <port>', 'listen here for peers; 0: any free port')
        .argParser(portValue)
        .default(6881),
    )
    .option('--host <address>', 'listen on this address', '0.0.0.0')
    .addOption(
      new Option('--slots <count>', 'peers served at once; 0: all')
        .argParser(countValue(0, 10_000))
        .default(4),
    )
    .addOption(
      new Option('--memory <size>', 'memory for payload: all that is received, hashed and sent at once')
        .argParser(sizeValue)
        .default(256 * 1024 * 1024, '256MiB'),
    )
    .option('--no-tracker', 'do not contact the trackers of the torrent')
    .option('--json', 'print the result as JSON');
}

export function transferOptions(torrentFile: string, words: TransferWords): TransferOptions {
  return {
    torrentFile,
    listen: { host: words.host, port: words.port },
    peers: words.peer ?? [],
    slots: words.slots === 0 ? Number.POSITIVE_INFINITY : words.slots,
    memoryBytes: words.memory,
    trackers: words.tracker,
  };
}
