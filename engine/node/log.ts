import pino from 'pino';
import { printable } from '../codec/text.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';
type Fields = Readonly<Record<string, string | number | boolean>>;

/**
 * What a node tells its operator. `error`: something has to be done; `warn`: something may have to be done; `info`:
 * what one wants to find in the log later; `debug`: for those who look for a fault.
 */
export interface Log {
  error(message: string, fields?: Fields): void;
  warn(message: string, fields?: Fields): void;
  info(message: string, fields?: Fields): void;
  debug(message: string, fields?: Fields): void;
}

/** Where a log goes: standard error, or a stand-in. */
export interface LogStream {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** A log with one JSON object a line, or with plain lines when `stream` is a terminal. */
export function createLog(level: LogLevel, stream: LogStream): Log {
  const target = stream.isTTY === true ? { write: (line: string) => stream.write(plainLine(line)) } : stream;
  const logger = pino({ level, base: null }, { write: (line) => void target.write(line) });
  const at =
    (name: Exclude<LogLevel, 'silent'>) =>
    (message: string, fields: Fields = {}): void =>
      logger[name](fields, message);
  return { error: at('error'), warn: at('warn'), info: at('info'), debug: at('debug') };
}

const LEVEL_NAMES: Readonly<Record<number, string>> = { 20: 'debug', 30: 'info', 40: 'warn', 50: 'error' };

/** `18:04:11 warn  cannot read the watch folder (folder=…)`. */
function plainLine(json: string): string {
  const { level, time, msg, ...fields } = JSON.parse(json) as Record<string, unknown>;
  const clock = new Date(Number(time)).toTimeString().slice(0, 8);
  const pairs = Object.entries(fields).map(([key, value]) => `${key}=${String(value)}`);
  const more = pairs.length === 0 ? '' : ` (${pairs.join(', ')})`;
  return `${clock} ${(LEVEL_NAMES[Number(level)] ?? '').padEnd(5)} ${printable(`${String(msg)}${more}`)}\n`;
}
