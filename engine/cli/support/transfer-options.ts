import { type Command, Option } from 'commander';
import type { TransferOptions } from '../../node/transfer.ts';
import type { Endpoint } from '../../runtime/port.ts';
import { addNetOptions, type NetWords, netSettings } from './net-options.ts';
import { countValue, endpointValue, portValue, sizeValue } from './option-values.ts';
import { writeErr } from './output.ts';
import { addSourceOptions, finderSettings, type SourceWords, sourceSettings } from './source-options.ts';

/** Beside the threads that hash there is room for so many. */
const SHARDS_MAX = 32;

/** The words that `get` and `seed` share, as commander hands them over. */
export interface TransferWords extends NetWords, SourceWords {
  readonly port: number;
  readonly host: string;
  readonly peer?: readonly Endpoint[];
  readonly slots: number;
  readonly memory: number;
  readonly shards: number;
  readonly json?: boolean;
}

/** Adds the options that `get` and `seed` share. */
export function addTransferOptions(command: Command): Command {
  command
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
    .addOption(
      new Option('--shards <count>', 'threads that send to peers; 1: the one that does everything else')
        .argParser(countValue(1, SHARDS_MAX))
        .default(1),
    )
    .option('--no-tracker', 'do not contact the trackers of the torrent');
  addSourceOptions(command);
  return addNetOptions(command).option('--json', 'print the result as JSON');
}

export function transferOptions(torrent: string, words: TransferWords): TransferOptions {
  return {
    torrent,
    listen: { host: words.host, port: words.port },
    peers: words.peer ?? [],
    slots: words.slots === 0 ? Number.POSITIVE_INFINITY : words.slots,
    memoryBytes: words.memory,
    shards: words.shards,
    sources: sourceSettings(words),
    finders: finderSettings(words),
    encryption: words.encryption ?? 'prefer',
    net: netSettings(words),
    report: (line) => writeErr(`allium: ${line}\n`),
  };
}
