import type { Command } from 'commander';
import type { FinderSettings } from '../../node/sources/open-finders.ts';
import type { SourceSettings } from '../../node/sources/source-rules.ts';
import type { Endpoint } from '../../runtime/port.ts';
import { endpointValue } from './option-values.ts';

/** The words that say where peers come from, as commander hands them over. */
export interface SourceWords {
  readonly tracker?: boolean;
  readonly dht?: boolean;
  readonly dhtBootstrap?: readonly Endpoint[];
  readonly pex?: boolean;
  readonly lsd?: boolean;
  readonly webSeeds?: boolean;
}

/** Adds the options about where peers come from; `--no-tracker` is added by the commands. */
export function addSourceOptions(command: Command): Command {
  return command
    .option(
      '--dht-bootstrap <host:port>',
      'use the DHT, beginning with this node; may be given several times',
      endpointValue,
    )
    .option('--no-dht', 'do not use the DHT')
    .option('--no-pex', 'do not exchange peers with peers')
    .option('--lsd', 'look for peers on the local network')
    .option('--no-web-seeds', 'do not download from the web servers that the torrent names');
}

/** Where peers may come from, by the words. */
export function sourceSettings(words: SourceWords): SourceSettings {
  const { tracker, dht, pex, lsd, webSeeds } = words;
  return {
    ...{ trackers: tracker !== false, dht: dht !== false, pex: pex !== false, lsd: lsd === true },
    webSeeds: webSeeds !== false,
  };
}

/** What is to be opened for that. */
export function finderSettings(words: SourceWords): FinderSettings {
  return { dht: words.dht !== false, dhtBootstrap: words.dhtBootstrap ?? [], lsd: words.lsd === true };
}
