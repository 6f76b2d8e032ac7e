import { availableParallelism } from 'node:os';
import { type Command, Option } from 'commander';
import { endpointText } from '../codec/endpoint.ts';
import type { PartialSettings } from '../node/settings.ts';
import { EXIT, type ExitCode } from './support/exit-code.ts';
import { addExamples } from './support/help.ts';
import { interrupted } from './support/interrupted.ts';
import { addNetOptions, type NetWords } from './support/net-options.ts';
import { countValue, portValue, sizeValue } from './support/option-values.ts';
import { writeErr, writeJson } from './support/output.ts';
import { runCommand } from './support/run-command.ts';
import { addSourceOptions, type SourceWords } from './support/source-options.ts';

interface NodeWords extends NetWords, SourceWords {
  readonly settings?: string;
  readonly state?: string;
  readonly downloads?: string;
  readonly watch?: string | false;
  readonly host?: string;
  readonly port?: number | 'auto';
  readonly status?: number | 'auto' | false;
  readonly memory?: number;
  readonly threads?: number;
  readonly connections?: number;
  readonly shards?: number;
  readonly slots?: number;
  readonly jobs?: string;
  readonly log?: string;
  readonly printSettings?: boolean;
}

/** `allium node`: the seedbox node. */
export function registerNode(program: Command): void {
  const command = program
    .command('node')
    .summary('run the seedbox node')
    .description(
      'Run a node that downloads and seeds until it is interrupted. It takes torrent files from a watch folder, ' +
        'remembers everything across restarts, and is seen and controlled on 127.0.0.1: by a page, by allium ctl, ' +
        'by the remote controls of Transmission and qBittorrent.',
    )
    .option('--settings <file>', 'a JSON file with settings')
    .option('--state <folder>', 'where the node keeps its memory (~/.local/share/allium)')
    .option('--downloads <folder>', 'where downloads are saved (~/allium/downloads)')
    .option('--watch <folder>', 'add the torrent files that are put here (~/allium/watch)')
    .option('--no-watch', 'watch no folder')
    .option('--host <address>', 'listen for peers on this address (0.0.0.0)')
    .addOption(
      new Option('--port <port>', 'listen for peers here (the first free of 6881 to 6889)').argParser(
        autoPort,
      ),
    )
    .addOption(
      new Option(
        '--status <port>',
        'port of the page, metrics and remote controls (the first free from 8090)',
      ).argParser(autoPort),
    )
    .option('--no-status', 'no page, no metrics, no remote controls')
    .addOption(new Option('--memory <size>', 'memory for payload (256MiB)').argParser(sizeValue))
    .addOption(new Option('--threads <count>', 'threads that hash (all cores)').argParser(countValue(1, 256)))
    .addOption(
      new Option('--shards <count>', 'threads that send to peers; 1: the one of the node (1)').argParser(
        countValue(1, 32),
      ),
    )
    .addOption(new Option('--connections <count>', 'peers in all (2000)').argParser(countValue(1, 100_000)))
    .addOption(
      new Option('--slots <count>', 'peers of a torrent served at once; 0: all (4)').argParser(
        countValue(0, 10_000),
      ),
    )
    .option('--no-tracker', 'contact no trackers')
    .option('--jobs <names>', 'ask for jobs (exit) or forbid some (-tracker), commas between')
    .addOption(
      new Option('--log <level>', 'how much to tell').choices(['debug', 'info', 'warn', 'error', 'silent']),
    )
    .option('--print-settings', 'print the settings as JSON and end');
  addSourceOptions(command);
  addNetOptions(command);
  command.addHelpText(
    'after',
    '\nEach setting can also be given as a variable (ALLIUM_DOWNLOADS, ALLIUM_STATUS_PORT, …) or in the settings file.',
  );
  addExamples(command, [
    ['node', 'Run with everything as it comes'],
    ['node --downloads /data --watch /data/watch --state /data/.allium', 'Keep everything on one disk'],
    ['node --print-settings', 'See what would be used, and in which form the file is written'],
  ]);
  command.action((words: NodeWords) => runCommand({ name: 'node' }, (signal) => node(words, signal)));
}

function autoPort(text: string): number | 'auto' {
  return text === 'auto' ? 'auto' : portValue(text);
}

async function node(words: NodeWords, signal: AbortSignal): Promise<ExitCode> {
  const { resolveSettings, shownSettings } = await import('../node/settings.ts');
  const settings = resolveSettings({
    flags: flagsOf(words),
    env: process.env,
    threads: availableParallelism(),
    ...(words.settings === undefined ? {} : { file: words.settings }),
  });
  if (words.printSettings === true) {
    writeJson(shownSettings(settings));
    return EXIT.done;
  }
  const { NodeDaemon } = await import('../node/daemon/daemon.ts');
  const { createLog } = await import('../node/log.ts');
  const log = createLog(settings.log, process.stderr);
  const daemon = await NodeDaemon.start(settings, log);
  if (process.stderr.isTTY && daemon.statusUrl !== '')
    writeErr(`The node shows itself at ${daemon.statusUrl}\n`);
  await interrupted(AbortSignal.any([signal, daemon.endSignal]));
  log.info('stopping');
  await daemon.close();
  log.info('stopped');
  return EXIT.done;
}

/** The words that were given, under the names of the settings. */
function flagsOf(words: NodeWords): PartialSettings {
  const {
    state,
    downloads,
    watch,
    host,
    port,
    status,
    memory,
    threads,
    connections,
    shards,
    slots,
    tracker,
    log,
  } = words;
  const all = {
    ...{ state, downloads, host, port, memory, threads, connections, shards, slots, log, statusPort: status },
    ...{ encryption: words.encryption, proxy: words.proxy, proxyOnly: words.proxyOnly, bind: words.bind },
    blocklist: words.blocklist,
    jobs: words.jobs,
    // Commander says true when only the “no” form exists and was not used.
    watch: watch as string | false | undefined,
    trackers: tracker === false ? false : undefined,
    dht: words.dht === false ? false : undefined,
    dhtBootstrap: words.dhtBootstrap?.map(endpointText),
    pex: words.pex === false ? false : undefined,
    lsd: words.lsd,
    webSeeds: words.webSeeds === false ? false : undefined,
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}
