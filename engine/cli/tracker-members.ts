import type { Command } from 'commander';
import { formatBytes } from '../codec/units.ts';
import type { MembershipStore } from '../node/tracker/membership-store.ts';
import { EXIT } from './support/exit-code.ts';
import { addExamples } from './support/help.ts';
import { writeJson, writeOut } from './support/output.ts';
import { runCommand } from './support/run-command.ts';
import { type Column, formatTable } from './support/table.ts';

const COLUMNS: readonly Column[] = [
  { title: 'member' },
  { title: 'uploaded', align: 'right' },
  { title: 'downloaded', align: 'right' },
  { title: 'unconfirmed', align: 'right' },
  { title: 'invited by' },
];

interface MemberWords {
  readonly data: string;
  readonly json?: true;
}

/** The commands for members and torrents of a private tracker, below `allium tracker`. */
export function registerTrackerMembers(tracker: Command): void {
  const user = tracker
    .command('user')
    .summary('members of a private tracker')
    .description('Add, remove and list the members of a private tracker.');
  addExamples(user, [['tracker user list --data tracker', 'Who is a member']]);
  member(
    user.command('add <name>').summary('add a member, and print the passkey'),
    ['tracker user add alice --data tracker', 'A new member, with a passkey for the announce address'],
    async (store, name) => {
      const passkey = await store.addUser(name);
      return [{ name, passkey }, `${passkey}\n`];
    },
  );
  member(
    user.command('remove <name>').summary('make the passkey of a member void'),
    ['tracker user remove alice --data tracker', 'Shut a member out'],
    async (store, name) => {
      await store.removeUser(name);
      return [{ name }, `${name} is no member any more.\n`];
    },
  );
  member(
    user.command('list').summary('show members and what they have moved'),
    ['tracker user list --data tracker', 'Who is a member, and what they report'],
    async (store) => {
      const accounts = store.accounts();
      const rows = store.users().map(({ name, invitedBy }) => ({
        name,
        invitedBy,
        ...(accounts.get(name) ?? { uploaded: 0, downloaded: 0, unconfirmed: 0, flags: 0 }),
      }));
      const table = formatTable(
        COLUMNS,
        rows.map((row) => [
          row.name,
          formatBytes(row.uploaded),
          formatBytes(row.downloaded),
          row.unconfirmed === 0 ? '' : `${formatBytes(row.unconfirmed)} !`,
          row.invitedBy,
        ]),
      );
      return [rows, table];
    },
  );
  member(
    tracker.command('invite <member>').summary('make an invitation for a new member'),
    ['tracker invite alice --data tracker', 'An invitation that alice may give away'],
    async (store, by) => {
      const invitation = await store.invite(by);
      return [{ by, invitation }, `${invitation}\n`];
    },
  );
  member(
    tracker.command('allow <file.torrent>').summary('let members announce a torrent'),
    ['tracker allow debian.torrent --data tracker', 'Register a torrent'],
    async (store, file) => {
      const { loadTorrent } = await import('../node/load-torrent.ts');
      const { createRealRuntime } = await import('../runtime/real/runtime.ts');
      const metainfo = await loadTorrent(file, createRealRuntime().files);
      const hashes = [metainfo.infoHashV1, metainfo.infoHashV2?.subarray(0, 20)].flatMap((hash) =>
        hash === undefined ? [] : [Buffer.from(hash).toString('hex')],
      );
      for (const hash of hashes) await store.allow(hash, metainfo.name);
      return [{ name: metainfo.name, infoHashes: hashes }, `${metainfo.name} may be announced.\n`];
    },
  );
  member(
    tracker.command('forbid <infohash>').summary('let nobody announce a torrent any more'),
    ['tracker forbid 0123456789abcdef0123456789abcdef01234567 --data tracker', 'Take it out again'],
    async (store, infoHash) => {
      await store.forbid(infoHash.toLowerCase());
      return [{ infoHash }, `${infoHash} may not be announced any more.\n`];
    },
  );
}

type Outcome = readonly [json: unknown, text: string];

/** A command that works on the store of members, also while the tracker runs. */
function member(
  command: Command,
  example: readonly [words: string, what: string],
  work: (store: MembershipStore, word: string) => Promise<Outcome>,
): void {
  command.requiredOption('--data <folder>', 'the folder of the tracker').option('--json', 'print JSON');
  const summary = command.summary();
  command.description(
    `${summary[0]!.toUpperCase()}${summary.slice(1)}. A tracker that is running sees it at once.`,
  );
  addExamples(command, [example]);
  command.action(async (...all: readonly unknown[]) => {
    const word = typeof all[0] === 'string' ? all[0] : '';
    const words = all[typeof all[0] === 'string' ? 1 : 0] as MemberWords;
    await runCommand({ name: `tracker ${command.name()}`, json: words.json === true }, async () => {
      const { MembershipStore: Store } = await import('../node/tracker/membership-store.ts');
      const { join } = await import('node:path');
      const store = new Store(join(words.data, 'members'));
      try {
        const [json, text] = await work(store, word);
        if (words.json === true) writeJson(json);
        else writeOut(text);
      } finally {
        await store.close();
      }
      return EXIT.done;
    });
  });
}
