import { type Command, Option } from 'commander';
import type { LogLevel } from '../node/log.ts';
import type { RelayDaemon as Daemon } from '../node/relay/relay-daemon.ts';
import { EXIT, type ExitCode } from './support/exit-code.ts';
import { addExamples } from './support/help.ts';
import { interrupted } from './support/interrupted.ts';
import { countValue } from './support/option-values.ts';
import { writeErr, writeJson, writeOut } from './support/output.ts';
import { runCommand } from './support/run-command.ts';

interface RelayWords {
  readonly config?: string;
  readonly log?: LogLevel;
  readonly printConfig?: true;
}

interface KeygenWords {
  readonly keys: string;
  readonly days: number;
  readonly json?: true;
}

/** The least that works, for the help text. */
const SMALLEST = `{
  "nickname": "MyRelay",
  "contact": "me at example dot org",
  "address": "203.0.113.5",
  "orPort": 9001,
  "authorities": "authorities.txt",
  "dataDir": "data"
}`;

const MORE = `
A small configuration file; relative paths begin at its folder:

${SMALLEST.replaceAll(/^/gm, '  ')}

authorities.txt holds the DirAuthority lines of the network, one on each line. There is no built-in network.
Streams leave only where an exit policy says so: "exitPolicy": ["accept *:443"], or "reduced". Private addresses are
always refused, except with "allowPrivateAddresses" in a network of tests.
Limits: "bandwidthRate": "10MiB", "bandwidthBurst": "20MiB", "accounting": { "max": "500GiB", "period": "month" }.
Metrics for Prometheus: "metrics": "127.0.0.1:9035". Other relays of yours: "family": ["FINGERPRINT"].
Threads that move cells: "shards": 4.
SIGHUP reads the file again: contact, family, exit policy and limits of bandwidth change at once; the log names what
needs a restart.`;

/** `allium relay`: a relay of an onion routing network. */
export function registerRelay(program: Command): void {
  const command = program
    .command('relay')
    .summary('run an onion routing relay')
    .description(
      'Run a relay of a Tor network until it is interrupted. It makes its keys at the first start, announces itself to ' +
        'the directory authorities of the configuration and looks whether they took it.',
    )
    .option('--config <file>', 'the configuration, a JSON file')
    .addOption(
      new Option('--log <level>', 'how much to tell, in place of what the configuration says').choices([
        'debug',
        'info',
        'warn',
        'error',
        'silent',
      ]),
    )
    .option('--print-config', 'print the whole configuration as JSON, with what was not given, and end');
  command.addHelpText('after', MORE);
  addExamples(command, [
    ['relay --config relay.json', 'Run a relay'],
    ['relay --config relay.json --print-config', 'Check the configuration and see every key'],
    ['relay keygen --keys master/keys', 'Make the keys of a relay whose master key stays elsewhere'],
  ]);
  command.action((words: RelayWords) => runCommand({ name: 'relay' }, (signal) => relay(words, signal)));
  registerKeygen(command);
}

function registerKeygen(relayCommand: Command): void {
  const command = relayCommand
    .command('keygen')
    .summary('make signing keys with a master key that stays offline')
    .description(
      'Make a master key if the folder has none, and a signing key with its certificate. Copy signing_ed25519.pem and ' +
        'signing_ed25519.cert into “keys” in the data folder of the relay, which has "offlineMaster": true; the master ' +
        'key, identity_ed25519.pem, stays. Do it again before the signing key expires.',
    )
    .requiredOption('--keys <folder>', 'where the master key is; for you alone')
    .addOption(
      new Option('--days <count>', 'how long the signing key is good for')
        .argParser(countValue(1, 365))
        .default(30),
    )
    .option('--json', 'print the result as JSON');
  addExamples(command, [
    ['relay keygen --keys master/keys', 'A signing key for 30 days'],
    ['relay keygen --keys master/keys --days 90', 'One for longer'],
  ]);
  command.action((words: KeygenWords) =>
    runCommand({ name: 'relay keygen', json: words.json === true }, () => keygen(words)),
  );
}

async function relay(words: RelayWords, signal: AbortSignal): Promise<ExitCode> {
  const { AlliumError } = await import('../codec/error.ts');
  if (words.config === undefined) {
    throw new AlliumError('BAD_USAGE', 'no configuration was named', {
      advice: 'Give one with --config FILE; “allium relay --help” shows a small one.',
    });
  }
  const { readRelayConfig } = await import('../node/relay/config.ts');
  const config = readRelayConfig(words.config);
  if (words.printConfig === true) {
    writeJson(config.words);
    return EXIT.done;
  }
  const { createLog } = await import('../node/log.ts');
  const { RelayDaemon } = await import('../node/relay/relay-daemon.ts');
  const log = createLog(words.log ?? config.words.log, process.stderr);
  const file = words.config;
  let daemon: Daemon | undefined;
  let isReloadDue = false;
  const reload = (): void => {
    if (daemon === undefined) {
      isReloadDue = true;
      return;
    }
    try {
      daemon.reconfigure(readRelayConfig(file), file);
    } catch (error) {
      const { message, advice } =
        error instanceof AlliumError ? error : { message: String(error), advice: '' };
      log.error(`the relay goes on as it was: ${message}`, { advice });
    }
  };
  // From now on: the signal ends a program that does not listen to it.
  process.on('SIGHUP', reload);
  daemon = await RelayDaemon.start(config, log);
  if (process.stderr.isTTY) writeErr(`The relay is ${daemon.fingerprint}\n`);
  if (isReloadDue) reload();
  await interrupted(signal);
  process.off('SIGHUP', reload);
  log.info('stopping', { waitSec: daemon.shutdownWaitSec });
  await daemon.close();
  log.info('stopped');
  return EXIT.done;
}

async function keygen(words: KeygenWords): Promise<ExitCode> {
  const { KeyFolder } = await import('../node/relay/key-folder.ts');
  const { KEY_FILES, makeOfflineKeys } = await import('../node/relay/identity-keys.ts');
  const { encodeBase64 } = await import('../onion/directory/text.ts');
  const folder = KeyFolder.open(words.keys);
  const made = makeOfflineKeys(folder, {
    signingLifetimeMs: words.days * 86_400_000,
    nowMs: Date.now(),
  });
  const result = {
    ed25519Identity: encodeBase64(made.ed25519Id),
    isNew: made.isNew,
    signingKeyExpires: new Date(made.signing.expiresMs).toISOString(),
    copy: [KEY_FILES.signing, KEY_FILES.signingCert].map((name) => folder.fileOf(name)),
    keep: folder.fileOf(KEY_FILES.master),
  };
  if (words.json === true) writeJson(result);
  else {
    const which = made.isNew ? 'new Ed25519 identity' : 'Ed25519 identity';
    writeOut(
      `${which} ${result.ed25519Identity}\nsigning key good until ${result.signingKeyExpires}\n` +
        `copy to the relay: ${result.copy.join(' ')}\nkeep here: ${result.keep}\n`,
    );
  }
  return EXIT.done;
}
