import { type Command, Option } from 'commander';
import { endpointText, parseEndpoint } from '../codec/endpoint.ts';
import type { LogLevel } from '../node/log.ts';
import type { TrackerSettings } from '../node/tracker/tracker-daemon.ts';
import type { Endpoint } from '../runtime/port.ts';
import { EXIT, type ExitCode } from './support/exit-code.ts';
import { addExamples } from './support/help.ts';
import { interrupted } from './support/interrupted.ts';
import { countValue, portValue, repeatedValue } from './support/option-values.ts';
import { runCommand } from './support/run-command.ts';
import { registerTrackerMembers } from './tracker-members.ts';

interface TrackerWords {
  readonly host?: readonly string[];
  readonly port: number;
  readonly http: boolean;
  readonly udp: boolean;
  readonly interval: number;
  readonly rate: number;
  readonly torrents: number;
  readonly peers: number;
  readonly data?: string;
  readonly store?: string;
  readonly private?: true;
  readonly metrics?: Endpoint;
  readonly log: LogLevel;
}

const SNAPSHOT_MS = 60_000;
/** How much longer than the interval a peer is believed in. */
const EXPIRY_FACTOR = 2.1;

/** `allium tracker`: a tracker over HTTP and UDP. */
export function registerTracker(program: Command): void {
  const command = program
    .command('tracker')
    .summary('run a tracker over HTTP and UDP')
    .description(
      'Run a tracker until it is interrupted: announce and scrape over HTTP and UDP on one port, IPv4 and IPv6. Its page is ' +
        'at the root of the HTTP address.',
    )
    .option('--host <address>', 'listen on this address; repeatable (0.0.0.0 and ::)', repeatedValue)
    .addOption(new Option('--port <port>', 'for HTTP and UDP').argParser(portValue).default(6969))
    .option('--no-http', 'no HTTP')
    .option('--no-udp', 'no UDP')
    .addOption(
      new Option('--interval <seconds>', 'when peers are to come again')
        .argParser(countValue(10, 86_400))
        .default(1800),
    )
    .addOption(
      new Option('--rate <count>', 'requests of one address in a minute; 0: any number')
        .argParser(countValue(0, 1_000_000))
        .default(6000),
    )
    .addOption(
      new Option('--torrents <count>', 'torrents it keeps')
        .argParser(countValue(1, 16_000_000))
        .default(1_000_000),
    )
    .addOption(
      new Option('--peers <count>', 'places for peers, in each address family')
        .argParser(countValue(4, 64_000_000))
        .default(4_000_000),
    )
    .option('--data <folder>', 'remember swarms, and users of a private tracker, here')
    .option('--store <url>', 'share swarms with other trackers through Valkey or Redis (redis://HOST:PORT)')
    .option('--private', 'only users with a passkey, only registered torrents, with accounts; needs --data')
    .addOption(
      new Option('--metrics <host:port>', 'metrics for Prometheus, on a loopback address').argParser(
        parseEndpoint,
      ),
    )
    .addOption(
      new Option('--log <level>', 'how much to tell')
        .choices(['debug', 'info', 'warn', 'error', 'silent'])
        .default('info'),
    );
  addExamples(command, [
    ['tracker', 'A tracker for everybody, on port 6969'],
    ['tracker --data tracker --metrics 127.0.0.1:9100', 'One that remembers, and shows how it is'],
    ['tracker --store redis://127.0.0.1:6379', 'One of several that share their swarms'],
    ['tracker --private --data tracker', 'One for members only'],
    ['tracker user add alice --data tracker', 'A member: prints the passkey'],
    ['tracker allow debian.torrent --data tracker', 'A torrent that members may announce'],
  ]);
  command.action((words: TrackerWords) =>
    runCommand({ name: 'tracker' }, (signal) => tracker(words, signal)),
  );
  registerTrackerMembers(command);
}

async function tracker(words: TrackerWords, signal: AbortSignal): Promise<ExitCode> {
  const { AlliumError } = await import('../codec/error.ts');
  if (words.private === true && words.data === undefined) {
    throw new AlliumError('BAD_USAGE', 'a private tracker needs a folder for its users', {
      advice: 'Give --data.',
    });
  }
  const { TRACKER_DEFAULTS } = await import('../discovery/tracker-server/tracker.ts');
  const { TrackerDaemon } = await import('../node/tracker/tracker-daemon.ts');
  const { createRealRuntime } = await import('../runtime/real/runtime.ts');
  const { createLog } = await import('../node/log.ts');
  const log = createLog(words.log, process.stderr);
  const settings: TrackerSettings = {
    hosts: words.host ?? ['0.0.0.0', '::'],
    port: words.port,
    http: words.http,
    udp: words.udp,
    tracker: {
      ...TRACKER_DEFAULTS,
      torrentsMax: words.torrents,
      peersMax: words.peers,
      intervalSec: words.interval,
      intervalSpreadSec: Math.ceil(words.interval / 15),
      expirySec: Math.ceil(words.interval * EXPIRY_FACTOR),
    },
    perMinuteMax: words.rate,
    dataFolder: words.data,
    store: words.store,
    isPrivate: words.private === true,
    metrics: words.metrics,
    snapshotMs: SNAPSHOT_MS,
  };
  const daemon = await TrackerDaemon.start(settings, { runtime: createRealRuntime(), log });
  for (const at of daemon.listening.http) log.info(`HTTP at http://${endpointText(at)}/announce`);
  for (const at of daemon.listening.udp) log.info(`UDP at udp://${endpointText(at)}`);
  await interrupted(signal);
  log.info('stopping');
  await daemon.close();
  return EXIT.done;
}
