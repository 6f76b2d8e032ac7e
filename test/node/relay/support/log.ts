import type { Log } from '../../../../engine/node/log.ts';

/** A log that keeps what it is told. */
export interface KeptLog extends Log {
  /** `level: message` each. */
  readonly said: string[];
}

export function keptLog(): KeptLog {
  const said: string[] = [];
  const at =
    (level: string) =>
    (message: string): void =>
      void said.push(`${level}: ${message}`);
  return { said, error: at('error'), warn: at('warn'), info: at('info'), debug: at('debug') };
}
