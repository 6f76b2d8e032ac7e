import { homedir } from 'node:os';
import type { Command } from 'commander';
import { AlliumError } from '../../codec/error.ts';
import type { RemoteClient } from '../../node/remote/client.ts';
import type { ExitCode } from '../support/exit-code.ts';
import { addExamples } from '../support/help.ts';
import { writeJson, writeOut } from '../support/output.ts';
import { runCommand } from '../support/run-command.ts';

/** Words that every command below `allium ctl` takes. */
export interface CtlWords {
  readonly url?: string;
  readonly state?: string;
  readonly user?: string;
  readonly json?: true;
}

/** What a command tells: a value for `--json`, and text for people. */
export interface Told {
  readonly json: unknown;
  readonly text: string;
}

const TIMEOUT_MS = 30_000;
const USER = 'allium';

export type Work<W extends CtlWords> = (
  client: RemoteClient,
  words: W,
  args: readonly string[],
  signal: AbortSignal,
) => Promise<Told | undefined>;

/** Gives a command its options, its example, and `work` with a client for the node that runs. */
export function ctlCommand<W extends CtlWords>(
  command: Command,
  example: readonly [words: string, meaning: string],
  work: Work<W>,
): Command {
  const summary = command.summary();
  command
    .description(`${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`)
    .option('--url <url>', 'where the node is (as its state folder says)')
    .option('--state <folder>', 'the state folder of the node (~/.local/share/allium)')
    .option('--user <name>', 'who asks, where a password is wanted (allium)')
    .option('--json', 'print JSON');
  addExamples(command, [example]);
  command.action((...values: unknown[]) => {
    const words = command.opts<W>();
    const args = values.slice(0, command.registeredArguments.length).flat() as string[];
    const name = `ctl ${command.name()}`;
    return runCommand({ name, json: words.json === true }, async (signal): Promise<ExitCode | undefined> => {
      const told = await work(await clientFor(words), words, args, signal);
      if (told === undefined) return undefined;
      if (words.json === true) writeJson(told.json);
      else writeOut(told.text);
      return undefined;
    });
  });
  return command;
}

/** Throws NOT_FOUND when no node runs that uses the state folder. */
async function clientFor(words: CtlWords): Promise<RemoteClient> {
  const { RemoteClient } = await import('../../node/remote/client.ts');
  return new RemoteClient({
    url: await urlOf(words),
    user: words.user ?? process.env['ALLIUM_REMOTE_USER'] ?? USER,
    password: process.env['ALLIUM_REMOTE_PASSWORD'],
    timeoutMs: TIMEOUT_MS,
  });
}

async function urlOf({ url, state }: CtlWords): Promise<string> {
  if (url !== undefined) {
    const whole = /^https?:\/\//.test(url) ? url : `http://${url}`;
    if (URL.canParse(whole)) return whole.endsWith('/') ? whole : `${whole}/`;
    throw new AlliumError('BAD_USAGE', `${url} is no address`, {
      advice: 'Give one like http://127.0.0.1:8090/.',
    });
  }
  const { defaultSettings } = await import('../../node/settings.ts');
  const { readAddress } = await import('../../node/remote/address-file.ts');
  const given = state ?? process.env['ALLIUM_STATE'];
  const folder =
    given === undefined || given === '' ? defaultSettings(process.env, homedir(), 1).state : given;
  const found = await readAddress(folder);
  if (found !== undefined) return found;
  throw new AlliumError('NOT_FOUND', `no node runs that keeps its state in ${folder}`, {
    advice: 'Start one with allium node, or say where it is with --url or --state.',
  });
}
