import type { Command } from 'commander';
import { registerDhtCrawl } from './dht-crawl.ts';
import { registerDhtFetch, registerDhtPut } from './dht-items.ts';
import { addDhtOptions, type DhtWords, openByWords } from './dht-options.ts';
import { registerDhtAnnounce, registerDhtGet } from './dht-peers.ts';
import { EXIT, type ExitCode } from './support/exit-code.ts';
import { addExamples } from './support/help.ts';
import { interrupted } from './support/interrupted.ts';
import { writeErr, writeJson, writeOut } from './support/output.ts';
import { ProgressLine } from './support/progress.ts';
import { runCommand } from './support/run-command.ts';

const REDRAW_MS = 500;

interface NodeWords extends DhtWords {
  readonly enforceIds?: true;
}

/** `allium dht`: a node of the mainline DHT, and what can be asked of one. */
export function registerDht(program: Command): void {
  const command = program
    .command('dht')
    .summary('run a DHT node, or look something up')
    .description(
      'Run a node of the BitTorrent DHT until it is interrupted: others can bootstrap from it, announce to it and look things ' +
        'up. It contacts only the nodes that --bootstrap and --state name, and those it hears of from them.',
    )
    .option('--enforce-ids', 'store only on nodes whose id fits their address (BEP 42)');
  addDhtOptions(command, 6881);
  addExamples(command, [
    ['dht --port 6881', 'Be the first node of a DHT of your own'],
    ['dht --bootstrap 192.0.2.1:6881 --state dht.table', 'Join one, and remember it for the next time'],
    ['dht --host 0.0.0.0 --host :: --port 6881', 'Serve IPv4 and IPv6'],
  ]);
  command.action((words: NodeWords) =>
    runCommand({ name: 'dht', json: words.json === true }, (signal) => runNode(words, signal)),
  );
  registerDhtGet(command);
  registerDhtAnnounce(command);
  registerDhtPut(command);
  registerDhtFetch(command);
  registerDhtCrawl(command);
}

async function runNode(words: NodeWords, signal: AbortSignal): Promise<ExitCode> {
  const dht = await openByWords(words, {
    port: 6881,
    readOnly: false,
    enforceIds: words.enforceIds === true,
    needsOthers: false,
  });
  const line = new ProgressLine();
  const { nodes } = dht.group;
  for (const { host, port } of dht.locals) writeErr(`allium dht: listening on ${host} port ${port}.\n`);
  void dht.joined.then(() => {
    const known = nodes.reduce((sum, node) => sum + node.table.size, 0);
    if (!signal.aborted) writeErr(`allium dht: joined; ${known} nodes known.\n`);
  });
  const timer = setInterval(() => {
    line.update(() => {
      const { goodNodes, peers, infoHashes, queriesIn } = nodes[0]!.stats;
      return `${goodNodes} nodes  ${infoHashes} torrents  ${peers} peers  ${queriesIn} queries answered`;
    });
  }, REDRAW_MS);
  await interrupted(signal);
  clearInterval(timer);
  line.clear();
  const stats = nodes.map((node) => node.stats);
  await dht.close();
  if (words.json === true) writeJson({ locals: dht.locals, nodes: stats });
  else {
    for (const { nodeId, goodNodes, queriesIn } of stats) {
      writeOut(`${nodeId}: ${goodNodes} nodes known, ${queriesIn} queries answered\n`);
    }
  }
  return EXIT.done;
}
