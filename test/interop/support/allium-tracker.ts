import { fileURLToPath } from 'node:url';
import { freePort, RunningProgram, until } from './program.ts';

const MAIN = fileURLToPath(new URL('../../../engine/cli/main.js', import.meta.url));

/** `allium tracker` in a process of its own, on 127.0.0.1. */
export class AlliumTracker {
  readonly port: number;
  readonly program: RunningProgram;

  private constructor(port: number, program: RunningProgram) {
    this.port = port;
    this.program = program;
  }

  static async start(words: readonly string[] = []): Promise<AlliumTracker> {
    const port = await freePort();
    const program = new RunningProgram(process.execPath, [
      ...[MAIN, 'tracker', '--host', '127.0.0.1', '--port', String(port), '--interval', '10'],
      ...words,
    ]);
    await until('allium tracker listens', () => {
      if (!program.running) throw new Error(`allium tracker has ended: ${program.stderr}`);
      return program.stderr.includes('UDP at');
    });
    return new AlliumTracker(port, program);
  }

  get http(): string {
    return `http://127.0.0.1:${this.port}/announce`;
  }

  get udp(): string {
    return `udp://127.0.0.1:${this.port}/announce`;
  }

  stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    return this.program.stop(signal);
  }
}
