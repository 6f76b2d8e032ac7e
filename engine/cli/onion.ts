import type { Command } from 'commander';
import { registerOnionClient } from './onion-client.ts';
import { addExamples } from './support/help.ts';

/** `allium onion …`: the commands of onion routing that are no relay. */
export function registerOnion(program: Command): void {
  const command = program
    .command('onion')
    .summary('use an onion network')
    .description('Use an onion network that speaks the protocols of Tor.');
  addExamples(command, [['onion client --help', 'What the client can do']]);
  registerOnionClient(command);
}
