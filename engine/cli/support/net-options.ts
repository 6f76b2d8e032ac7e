import { type Command, Option } from 'commander';
import type { EncryptionMode } from '../../bittorrent/mse/types.ts';
import type { NetSettings } from '../../node/net/world.ts';

/** The words that say by which ways peers and trackers are reached, as commander hands them over. */
export interface NetWords {
  readonly encryption?: EncryptionMode;
  readonly proxy?: string;
  readonly proxyOnly?: boolean;
  readonly bind?: string;
  readonly blocklist?: string;
}

/** Adds the options about the network that commands share. */
export function addNetOptions(command: Command): Command {
  const mode = new Option(
    '--encryption <mode>',
    'of connections with peers (prefer; require: RC4 for every byte)',
  );
  command.addOption(mode.choices(['off', 'prefer', 'require']));
  return addGuardOptions(command).option(
    '--blocklist <file>',
    'do not talk to these addresses (DAT, P2P or CIDR, also packed by gzip)',
  );
}

/** Adds those that say by which way everything is to leave. */
export function addGuardOptions(command: Command): Command {
  return command
    .option(
      '--proxy <url>',
      'reach peers (by TCP) and web servers through this proxy: socks5://[user:password@]host:port or http://…',
    )
    .option('--proxy-only', 'let nothing at all leave outside the proxy; nobody can connect to us then')
    .option('--bind <interface>', 'keep to this network interface or address, or do nothing');
}

/** The settings that the words say. */
export function netSettings(words: NetWords): NetSettings {
  return {
    proxy: words.proxy ?? false,
    proxyOnly: words.proxyOnly ?? false,
    bind: words.bind ?? false,
    blocklist: words.blocklist ?? false,
  };
}
