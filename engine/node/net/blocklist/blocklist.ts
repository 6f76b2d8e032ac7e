import { gunzip } from 'node:zlib';
import { AlliumError } from '../../../codec/error.ts';
import type { Clock, FileSystem, Timer } from '../../../runtime/port.ts';
import type { HostFilter } from '../filtered-network.ts';
import { type AddressRange, parseBlockLine } from './parse-line.ts';
import { AddressRanges } from './ranges.ts';

const NEWLINE = 10;
/** Lines taken apart before other work gets its turn. */
const LINES_AT_ONCE = 20_000;

export interface BlocklistOptions {
  readonly path: string;
  /** Of the file, and of what it unpacks to. */
  readonly fileBytesMax: number;
  readonly textBytesMax: number;
  readonly rangesMax: number;
  readonly lineBytesMax: number;
  /** How often the file is looked at for changes; 0: never. */
  readonly pollMs: number;
}

export const BLOCKLIST_DEFAULTS: Omit<BlocklistOptions, 'path'> = {
  fileBytesMax: 64 * 1024 * 1024,
  textBytesMax: 256 * 1024 * 1024,
  rangesMax: 2_000_000,
  lineBytesMax: 1024,
  pollMs: 60_000,
};

export interface BlocklistModules {
  readonly files: FileSystem;
  readonly clock: Clock;
  /** A changed file could not be taken; the list from before stays in force. */
  readonly onError?: (error: unknown) => void;
}

/** What a file came to. */
export interface BlocklistStats {
  /** After joining those that touch. */
  readonly ranges: number;
  /** Lines that are none of any format, and are left out. */
  readonly badLines: number;
}

/** A file of addresses not to talk to, in any of the usual formats, packed by gzip or not; read again when it changes. */
export class Blocklist implements HostFilter {
  private readonly options: BlocklistOptions;
  private readonly modules: BlocklistModules;
  private ranges = new AddressRanges([]);
  private modifiedMs = -1;
  private badLines = 0;
  private timer: Timer | undefined;
  private isClosed = false;

  private constructor(options: BlocklistOptions, modules: BlocklistModules) {
    this.options = options;
    this.modules = modules;
  }

  /**
   * Reads the file. Rejects with the file system's errors, and with BAD_USAGE when it is too large or holds no range:
   * a list that was meant to keep somebody out must not be empty by mistake.
   */
  static async open(options: BlocklistOptions, modules: BlocklistModules): Promise<Blocklist> {
    const list = new Blocklist(options, modules);
    await list.reload();
    list.watch();
    return list;
  }

  get stats(): BlocklistStats {
    return { ranges: this.ranges.size, badLines: this.badLines };
  }

  isBlocked(host: string): boolean {
    return this.ranges.has(host);
  }

  /** Reads the file again; when that fails, the list stays what it was. */
  async reload(): Promise<void> {
    const { path, fileBytesMax } = this.options;
    const stat = await this.modules.files.stat(path);
    if (stat !== undefined && stat.byteLength > fileBytesMax) throw this.unusable('is too large');
    const bytes = await this.modules.files.readFile(path, fileBytesMax);
    const { ranges, badLines } = await this.parse(await this.unpacked(bytes));
    if (ranges.length === 0) throw this.unusable('holds no range of addresses');
    this.ranges = new AddressRanges(ranges);
    this.badLines = badLines;
    this.modifiedMs = stat?.modifiedMs ?? -1;
  }

  close(): void {
    this.isClosed = true;
    this.timer?.cancel();
  }

  private unpacked(bytes: Uint8Array): Promise<Uint8Array> {
    const { textBytesMax } = this.options;
    if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return Promise.resolve(bytes);
    return new Promise((resolve, reject) => {
      gunzip(bytes, { maxOutputLength: textBytesMax }, (error, text) => {
        if (error === null) resolve(text);
        else reject(this.unusable(`cannot be unpacked (${error.message})`));
      });
    });
  }

  private async parse(bytes: Uint8Array): Promise<{ ranges: AddressRange[]; badLines: number }> {
    const { lineBytesMax, rangesMax } = this.options;
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const ranges: AddressRange[] = [];
    let badLines = 0;
    let lines = 0;
    for (let at = 0; at < text.length; ) {
      const newline = text.indexOf(NEWLINE, at);
      const end = newline < 0 ? text.length : newline;
      const range = end - at > lineBytesMax ? 'bad' : parseBlockLine(text.toString('latin1', at, end));
      if (range === 'bad') badLines++;
      else if (range !== 'none') ranges.push(range);
      if (ranges.length > rangesMax) throw this.unusable(`has more than ${rangesMax} ranges`);
      at = end + 1;
      if (++lines % LINES_AT_ONCE === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    return { ranges, badLines };
  }

  private watch(): void {
    if (this.isClosed || this.options.pollMs === 0) return;
    this.timer = this.modules.clock.setTimer(this.options.pollMs, () => {
      void this.look().finally(() => this.watch());
    });
  }

  private async look(): Promise<void> {
    try {
      const stat = await this.modules.files.stat(this.options.path);
      if (stat !== undefined && stat.modifiedMs !== this.modifiedMs) await this.reload();
    } catch (error) {
      this.modules.onError?.(error);
    }
  }

  private unusable(what: string): AlliumError {
    return new AlliumError('BAD_USAGE', `the blocklist ${this.options.path} ${what}`, {
      advice: 'Give a list in DAT, P2P or CIDR format, packed by gzip or not.',
      details: { path: this.options.path },
    });
  }
}
