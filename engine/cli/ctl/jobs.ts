import { type Command, Option } from 'commander';
import type { JobsView } from '../../node/roles/jobs-view.ts';
import { JOBS, type Wish } from '../../society/roles/jobs.ts';
import { type CtlWords, ctlCommand } from './context.ts';

const PATH = 'api/jobs';

interface JobsWords extends CtlWords {
  readonly request?: string;
  readonly forbid?: string;
  readonly auto?: string;
}

/** `jobs`: what the node does for others and why, and what the operator wants of that. */
export function registerJobs(ctl: Command): void {
  const option = (words: string, meaning: string): Option => new Option(words, meaning).choices(JOBS);
  ctlCommand<JobsWords>(
    ctl
      .command('jobs')
      .summary('show the jobs of the node and why it has them')
      .addOption(option('--request <job>', 'ask for one'))
      .addOption(option('--forbid <job>', 'do without one'))
      .addOption(option('--auto <job>', 'let the node decide on one')),
    ['ctl jobs --forbid dht', 'Do without the DHT from the next start on'],
    async (client, words) => {
      for (const wish of ['request', 'forbid', 'auto'] as const satisfies readonly Wish[]) {
        const named = words[wish];
        if (named !== undefined) await client.ask(PATH, { job: named, wish });
      }
      const { jobsText } = await import('../../node/roles/jobs-view.ts');
      const json = await client.ask(PATH);
      return { json, text: jobsText(json as unknown as JobsView) };
    },
  );
}
