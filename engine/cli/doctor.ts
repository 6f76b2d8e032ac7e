import type { Command } from 'commander';
import type { LeakPath, LeakReport, Trial } from '../node/net/doctor/leak-test.ts';
import { EXIT, type ExitCode } from './support/exit-code.ts';
import { addExamples } from './support/help.ts';
import { addGuardOptions, type NetWords, netSettings } from './support/net-options.ts';
import { writeJson, writeOut } from './support/output.ts';
import { runCommand } from './support/run-command.ts';
import { formatTable } from './support/table.ts';

interface LeakWords extends NetWords {
  readonly json?: boolean;
}

/** `allium doctor`: what is wrong with a set-up. */
export function registerDoctor(program: Command): void {
  const doctor = program.command('doctor').summary('find out what a set-up really does');
  const leak = doctor
    .command('leak')
    .summary('try every way out, and show what a listener sees')
    .description(
      'Try every way in which a node reaches others, without and with the given proxy and binding, against ' +
        'listeners that this command starts on 127.0.0.1, and show what those saw. Ends with 1 when something left ' +
        'outside of what was given.',
    );
  addGuardOptions(leak).option('--json', 'print the result as JSON');
  addExamples(leak, [
    ['doctor leak --proxy socks5://127.0.0.1:9050 --proxy-only', 'Does anything go around the proxy?'],
    ['doctor leak --bind tun0', 'Does anything leave by another interface?'],
  ]);
  leak.action((words: LeakWords) =>
    runCommand({ name: 'doctor leak', json: words.json === true }, () => leakTest(words)),
  );
}

async function leakTest(words: LeakWords): Promise<ExitCode> {
  const { testLeaks } = await import('../node/net/doctor/leak-test.ts');
  const report = await testLeaks(netSettings(words));
  if (words.json === true) writeJson(report);
  else writeOut(reportText(report));
  return report.leaked ? EXIT.damage : EXIT.done;
}

/** The report as a table and one sentence. */
export function reportText(report: LeakReport): string {
  const columns = ['way', 'without settings', 'with them', ''].map((title) => ({ title }));
  const rows = report.paths.map((path) => [
    path.name,
    trialText(path.without),
    trialText(path.with),
    mark(path, report),
  ]);
  return `${formatTable(columns, rows)}\n${verdict(report)}\n`;
}

function trialText({ saw, from, refusal }: Trial): string {
  if (saw === 'nothing') return refusal === '' ? 'nothing' : `nothing (${refusal})`;
  const how = { proxy: 'by the proxy', bound: 'bound', direct: 'direct' }[saw];
  return `${from}, ${how}`;
}

function mark(path: LeakPath, report: LeakReport): string {
  if (!report.guarded) return '';
  return path.leaked ? 'LEAKED' : 'kept';
}

function verdict(report: LeakReport): string {
  if (!report.guarded) return 'No proxy or interface was given, so everything leaves directly.';
  const count = report.paths.filter(({ leaked }) => leaked).length;
  if (count === 0) return 'Nothing left outside of what was given.';
  return `${count} of ${report.paths.length} ways leave outside of what was given.`;
}
