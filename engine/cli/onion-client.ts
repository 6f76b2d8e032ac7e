import { type Command, Option } from 'commander';
import { endpointText } from '../codec/endpoint.ts';
import { AlliumError } from '../codec/error.ts';
import type { OnionDaemon } from '../node/onion/onion-daemon.ts';
import type { OnionClientConfig, PartialOnionWords } from '../node/onion/settings.ts';
import { EXIT, type ExitCode } from './support/exit-code.ts';
import { addExamples } from './support/help.ts';
import { repeatedValue } from './support/option-values.ts';
import { writeErr, writeJson } from './support/output.ts';
import { ProgressLine } from './support/progress.ts';
import { runCommand } from './support/run-command.ts';

interface Words {
  readonly config?: string;
  readonly authority?: readonly string[];
  readonly socks?: string | false;
  readonly httpConnect?: string;
  readonly status?: string;
  readonly data?: string;
  readonly ipv6?: string;
  readonly log?: string;
  readonly printConfig?: boolean;
  readonly json?: boolean;
}

const WARNING = `
This is young code. It hides where connections come from, not what programs send: a browser of its own behind it is
known by its fingerprint, its cookies and its add-ons. It is no substitute for Tor Browser; if your safety depends on
not being found, use that.`;

const CONFIG_HELP = `
There is no built-in network. The authorities of yours are named by lines as in a torrc, by --authority or in the
configuration, a JSON object such as
  { "authorities": "/etc/allium/authorities", "socks": "127.0.0.1:9050", "dataDir": "/var/lib/allium-onion" }
Programs with different SOCKS user names or passwords (HTTP: Proxy-Authorization, X-Tor-Stream-Isolation) get different
circuits. --print-config shows all keys. --json prints where it listens, once circuits can be built.`;

/** `allium onion client`: the proxy. */
export function registerOnionClient(onion: Command): void {
  const command = onion
    .command('client')
    .summary('run a SOCKS5 and HTTP CONNECT proxy into an onion network')
    .description('Run a proxy on this machine that carries connections through an onion network.')
    .option('--config <file>', 'a JSON file with settings')
    .option('--authority <line>', 'a directory authority, as in a torrc; may be repeated', repeatedValue)
    .option('--socks <host:port>', 'listen here for SOCKS5 (127.0.0.1:9050)')
    .option('--no-socks', 'no SOCKS5 port')
    .option('--http-connect <host:port>', 'listen here for HTTP CONNECT (off)')
    .option('--status <host:port>', 'show the state as JSON here (off)')
    .option('--data <folder>', 'where guards and documents are kept (~/.local/share/allium-onion)')
    .addOption(
      new Option('--ipv6 [how]', 'reach the first relays over IPv6 where they have it, or only so (no)')
        .choices(['no', 'prefer', 'only'])
        .preset('prefer'),
    )
    .addOption(
      new Option('--log <level>', 'how much to tell').choices(['debug', 'info', 'warn', 'error', 'silent']),
    )
    .option('--print-config', 'print the settings as JSON and end')
    .option('--json', 'print where it listens as JSON, once it is ready');
  command.addHelpText('after', `${WARNING}\n${CONFIG_HELP}`);
  addExamples(command, [
    ['onion client --config client.json', 'Run with the settings of a file'],
    [
      "onion client --authority 'a1 orport=9001 v3ident=4C1E… 10.0.0.1:9030 9F31…' --data ./state",
      'Join the network of one authority (a real one has several)',
    ],
    [
      'onion client --config client.json --socks 127.0.0.1:0 --json',
      'Let the system choose the port, and learn which',
    ],
  ]);
  command.action((words: Words) =>
    runCommand({ name: 'onion client', json: words.json === true }, (signal) => run(words, signal)),
  );
}

async function run(words: Words, signal: AbortSignal): Promise<ExitCode> {
  const { resolveOnionClient } = await import('../node/onion/settings.ts');
  const config = resolveOnionClient({
    flags: flagsOf(words),
    env: process.env,
    ...(words.config === undefined ? {} : { file: words.config }),
  });
  if (words.printConfig === true) {
    writeJson(config.words);
    return EXIT.done;
  }
  return serve(config, words.json === true, signal);
}

async function serve(config: OnionClientConfig, isJson: boolean, signal: AbortSignal): Promise<ExitCode> {
  const { OnionDaemon } = await import('../node/onion/onion-daemon.ts');
  const { createLog } = await import('../node/log.ts');
  const line = new ProgressLine();
  const log = createLog(config.words.log, {
    isTTY: process.stderr.isTTY,
    write: (text) => {
      line.clear();
      writeErr(text);
    },
  });
  const daemon = await OnionDaemon.start(config, log, ({ percent, what }) => {
    if (percent < 100) line.update(() => `${String(percent).padStart(3)} %  ${what}`);
    else line.clear();
  });
  try {
    const isReady = await readyOrStopped(daemon, signal);
    line.clear();
    if (isReady) {
      const { socks, httpConnect, statusUrl } = daemon.doors;
      const text = (at: typeof socks): string | null => (at === undefined ? null : endpointText(at));
      if (isJson)
        writeJson({ socks: text(socks), httpConnect: text(httpConnect), status: statusUrl ?? null });
      await aborted(signal);
    }
    log.info('stopping');
    if (isReady) return EXIT.done;
    throw new AlliumError('INTERRUPTED', 'stopped before the first circuit');
  } finally {
    line.clear();
    await daemon.close();
    log.info('stopped');
  }
}

/** True: circuits can be built. False: it shall end before that. */
async function readyOrStopped(daemon: OnionDaemon, signal: AbortSignal): Promise<boolean> {
  const ready = daemon.client.ready.then(() => true);
  return Promise.race([ready, aborted(signal).then(() => false)]);
}

/** The words that were given, under the names of the settings. */
function flagsOf(words: Words): PartialOnionWords {
  const all = {
    authorities: words.authority,
    dataDir: words.data,
    // Commander says true when the option was not given, since there is a “no” form.
    socks: typeof words.socks === 'boolean' && words.socks ? undefined : words.socks,
    httpConnect: words.httpConnect,
    status: words.status,
    ipv6: words.ipv6,
    log: words.log,
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
