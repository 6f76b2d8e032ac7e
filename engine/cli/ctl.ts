import type { Command } from 'commander';
import { registerActs } from './ctl/act.ts';
import { registerChanges } from './ctl/change.ts';
import { registerJobs } from './ctl/jobs.ts';
import { registerList } from './ctl/list.ts';
import { registerStats } from './ctl/stats.ts';
import { addExamples } from './support/help.ts';

/** `allium ctl`: a node that runs, from a shell. */
export function registerCtl(program: Command): void {
  const ctl = program
    .command('ctl')
    .summary('control a node that runs')
    .description(
      'Control a node that runs, here or elsewhere. Torrents are named by their number, by the beginning of the info-hash, by a ' +
        'part of the name, or all at once with “all”. The password of a node elsewhere is taken from ALLIUM_REMOTE_PASSWORD.',
    );
  addExamples(ctl, [
    ['ctl list', 'What there is'],
    ['ctl add debian.torrent', 'Add a torrent'],
    ['ctl stop all', 'Stop everything'],
  ]);
  registerList(ctl);
  registerActs(ctl);
  registerChanges(ctl);
  registerStats(ctl);
  registerJobs(ctl);
}
