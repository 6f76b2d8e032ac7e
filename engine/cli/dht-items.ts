import { type Command, Option } from 'commander';
import type { DhtItem } from '../discovery/dht/types.ts';
import type { OpenDht } from '../node/dht/open-dht.ts';
import {
  aborted,
  addDhtOptions,
  addTimeout,
  checkJoined,
  type DhtWords,
  deadline,
  openByWords,
} from './dht-options.ts';
import { type DhtName, itemNameValue, saltValue } from './dht-values.ts';
import { EXIT, type ExitCode } from './support/exit-code.ts';
import { addExamples } from './support/help.ts';
import { countValue } from './support/option-values.ts';
import { writeErr, writeJson, writeOut } from './support/output.ts';
import { runCommand } from './support/run-command.ts';

const SECONDS = 30;

interface PutWords extends DhtWords {
  readonly key?: string;
  readonly salt?: Uint8Array;
  readonly seq?: number;
  readonly torrent?: true;
  readonly timeout: number;
}

interface FetchWords extends DhtWords {
  readonly salt?: Uint8Array;
  readonly follow?: true;
  readonly timeout: number;
}

/** `allium dht put`: stores a value. */
export function registerDhtPut(dht: Command): void {
  const command = dht
    .command('put')
    .summary('store a value (BEP 44)')
    .description(
      'Store a text of at most 990 bytes in the DHT. Without --key it is found by its hash and never changes. With --key it is ' +
        'signed, found by the public key, and replaced by later ones. Nodes forget it after two hours.',
    )
    .argument('<text>', 'what to store; with --torrent an info-hash')
    .option('--key <file>', 'the private key, 32 bytes; made when the file is not there')
    .option('--salt <text>', 'which of several values of this key; text or hex:…', saltValue)
    .addOption(
      new Option('--seq <number>', 'sequence number; default one more than what is there').argParser(
        countValue(0, Number.MAX_SAFE_INTEGER),
      ),
    )
    .option('--torrent', 'point to a torrent, for magnet links that follow a key (BEP 46)');
  addTimeout(addDhtOptions(command, 0), SECONDS);
  addExamples(command, [
    ['dht put "hello" --bootstrap 192.0.2.1:6881', 'Store a value under its hash'],
    [
      'dht put --torrent 8543d3e6115f0f98c944077a4493dcd543e49c73 --key my.key --bootstrap 192.0.2.1:6881',
      'Publish the newest version of a torrent',
    ],
  ]);
  command.action((text: string, _words: PutWords, self: Command) => {
    const words = self.optsWithGlobals<PutWords>();
    return runCommand({ name: 'dht put', json: words.json === true }, (signal) => put(text, words, signal));
  });
}

async function put(text: string, words: PutWords, signal: AbortSignal): Promise<ExitCode> {
  const { readValue, keyFromFile } = await import('../node/dht/item-words.ts');
  const value = readValue(text, words.torrent === true);
  const seed = words.key === undefined ? undefined : keyFromFile(words.key);
  const until = deadline(signal, words.timeout);
  const dht = await openByWords(words, { port: 0, readOnly: true, needsOthers: true });
  try {
    await Promise.race([dht.joined, aborted(until.signal)]);
    await checkJoined(dht);
    const item = seed === undefined ? { value } : await signedItem(dht, seed, value, words, until.signal);
    const report = await Promise.race([dht.group.put(item), aborted(until.signal)]);
    if (signal.aborted) return EXIT.interrupted;
    const stored = report?.stored ?? 0;
    const name = await nameOf(item);
    if (words.json === true) writeJson({ ...name, stored, refused: report?.refused ?? 0 });
    else {
      for (const [what, where] of Object.entries(name)) writeOut(`${what} ${where}\n`);
      writeErr(`allium dht: stored on ${stored} nodes.\n`);
    }
    return stored > 0 ? EXIT.done : EXIT.ioFailed;
  } finally {
    until.cancel();
    await dht.close();
  }
}

async function signedItem(
  dht: OpenDht,
  seed: Uint8Array,
  value: Uint8Array,
  words: PutWords,
  signal: AbortSignal,
): Promise<DhtItem> {
  const { makeItem, publicKeyOf } = await import('../discovery/dht/item.ts');
  const salt = words.salt ?? new Uint8Array(0);
  let sequence = words.seq;
  if (sequence === undefined) {
    const { item } = await dht.group.getMutable(publicKeyOf(seed), salt, signal);
    sequence = (item?.signed?.sequence ?? 0) + 1;
  }
  return makeItem({ seed, salt, sequence, value });
}

async function nameOf(item: DhtItem): Promise<Record<string, string | number>> {
  const { itemTarget } = await import('../discovery/dht/item.ts');
  const { mutableMagnet } = await import('../discovery/dht/mutable-torrent.ts');
  const { hex } = await import('../codec/hex.ts');
  const target = hex(itemTarget(item));
  const { signed } = item;
  if (signed === undefined) return { target };
  return {
    target,
    publicKey: hex(signed.publicKey),
    sequence: signed.sequence,
    magnet: mutableMagnet(signed),
  };
}

/** `allium dht fetch`: gets a value, and with --follow its updates. */
export function registerDhtFetch(dht: Command): void {
  const command = dht
    .command('fetch')
    .summary('get a value (BEP 44), or follow one that changes (BEP 46)')
    .description('Get what is stored under a hash or a public key, check it, and print it.')
    .argument('<name>', 'a hash, a public key, or a magnet link with xs=urn:btpk:', itemNameValue)
    .option('--salt <text>', 'which of several values of this key; text or hex:…', saltValue)
    .option('--follow', 'go on until interrupted, and print each newer value');
  addTimeout(addDhtOptions(command, 0), SECONDS);
  addExamples(command, [
    ['dht fetch e5f96f6f38320f0f33959cb4d3d656452117aadb --bootstrap 192.0.2.1:6881', 'Get a value'],
    [
      "dht fetch 'magnet:?xs=urn:btpk:…' --follow --bootstrap 192.0.2.1:6881",
      'Follow a torrent that changes',
    ],
  ]);
  command.action((name: DhtName, _words: FetchWords, self: Command) => {
    const words = self.optsWithGlobals<FetchWords>();
    return runCommand({ name: 'dht fetch', json: words.json === true }, (signal) =>
      fetchItem(name, words, signal),
    );
  });
}

async function fetchItem(name: DhtName, words: FetchWords, signal: AbortSignal): Promise<ExitCode> {
  const { itemView } = await import('../node/dht/item-words.ts');
  const until = deadline(signal, words.timeout);
  const dht = await openByWords(words, { port: 0, readOnly: true, needsOthers: true });
  try {
    await Promise.race([dht.joined, aborted(until.signal)]);
    await checkJoined(dht);
    if (words.follow === true) return await follow(dht, name, words, signal);
    const { item } =
      name.kind === 'hash'
        ? await dht.group.get(name.bytes, until.signal)
        : await dht.group.getMutable(name.publicKey, words.salt ?? name.salt, until.signal);
    if (signal.aborted) return EXIT.interrupted;
    if (item === undefined) {
      writeErr('allium dht: nothing is stored there.\n');
      if (words.json === true) writeJson({ found: false });
      return EXIT.damage;
    }
    if (words.json === true) writeJson({ found: true, ...itemView(item) });
    else writeOut(`${itemView(item).text}\n`);
    return EXIT.done;
  } finally {
    until.cancel();
    await dht.close();
  }
}

async function follow(
  dht: OpenDht,
  name: DhtName,
  words: FetchWords,
  signal: AbortSignal,
): Promise<ExitCode> {
  const { AlliumError } = await import('../codec/error.ts');
  const { interrupted } = await import('./support/interrupted.ts');
  const { itemView } = await import('../node/dht/item-words.ts');
  if (name.kind === 'hash') {
    throw new AlliumError('BAD_USAGE', 'a value under a hash never changes', {
      advice: 'Give a public key or a magnet link with xs=urn:btpk:.',
    });
  }
  const seen: object[] = [];
  const following = dht.group.follow(name.publicKey, words.salt ?? name.salt, (item) => {
    seen.push(itemView(item));
    if (words.json !== true) writeOut(`${itemView(item).sequence} ${itemView(item).text}\n`);
  });
  await interrupted(signal);
  following.stop();
  if (words.json === true) writeJson({ found: seen.length > 0, values: seen.slice(-1000) });
  return EXIT.done;
}
