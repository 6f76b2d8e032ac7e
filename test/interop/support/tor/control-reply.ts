/** What tor sends on its control port, line by line put together. control-spec, “Replies”. */
export interface ControlMessage {
  /** 650 for events, others answer commands in their order. */
  readonly code: number;
  /** The lines without status code and separator; lines of a data block follow the line that announced it. */
  readonly lines: readonly string[];
}

/** Puts lines of a control connection together to messages. */
export class ControlReplyReader {
  #lines: string[] = [];
  #inData = false;

  /** Takes a line without its CR LF. Returns the message it completes. */
  push(line: string): ControlMessage | undefined {
    if (this.#inData) {
      if (line === '.') this.#inData = false;
      else this.#lines.push(line.startsWith('..') ? line.slice(1) : line);
      return undefined;
    }
    this.#lines.push(line.slice(4));
    const separator = line[3];
    if (separator === '+') this.#inData = true;
    if (separator !== ' ') return undefined;
    const lines = this.#lines;
    this.#lines = [];
    return { code: Number(line.slice(0, 3)), lines };
  }
}

/** The `KEY=value` words of an event; quotes around values are taken off. */
export function keywordsOf(line: string): ReadonlyMap<string, string> {
  const pairs = line.matchAll(/(?:^| )([A-Z_]+)=("(?:[^"\\]|\\.)*"|\S*)/g);
  return new Map([...pairs].map(([, key = '', value = '']) => [key, value.replaceAll(/^"|"$/g, '')]));
}
