import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { PROJECT_ROOT } from './tree.ts';

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly ms: number;
}

/** A small project with the real scripts and settings, and a program of one line. Call {@link remove} at the end. */
export class Clone {
  readonly root = mkdtempSync(join(tmpdir(), 'allium-clone-'));

  constructor() {
    for (const name of ['scripts', 'package.json', 'package-lock.json', 'tsconfig.json', 'asconfig.json']) {
      cpSync(join(PROJECT_ROOT, name), join(this.root, name), { recursive: true });
    }
    this.write('engine/cli/main.ts', "console.log('main', process.argv.slice(2).join(' '));\n");
  }

  /** Lends it the packages of this project. */
  linkPackages(): void {
    symlinkSync(join(PROJECT_ROOT, 'node_modules'), join(this.root, 'node_modules'));
  }

  /** Makes it believe that its packages are installed. */
  pretendInstalled(): void {
    const lockfile = createHash('sha256').update(readFileSync(join(this.root, 'package-lock.json')));
    const stamp = `${lockfile.digest('hex')} ${process.platform} ${process.arch}`;
    this.write('node_modules/.allium-installed', stamp);
  }

  write(path: string, text: string): void {
    mkdirSync(dirname(join(this.root, path)), { recursive: true });
    writeFileSync(join(this.root, path), text);
  }

  /** Runs one of the scripts. */
  run(
    script: string,
    words: readonly string[] = [],
    env: Readonly<Record<string, string>> = {},
  ): Promise<Ran> {
    return runNode([join(this.root, 'scripts', script), ...words], env);
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** Runs this Node with `words` to its end. Coverage of the children is of no interest here, and would cost time. */
export function runNode(words: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ran> {
  const startedMs = performance.now();
  const clean = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => name !== 'NODE_V8_COVERAGE'),
  );
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, words, {
      env: { ...clean, NODE_V8_COVERAGE: '', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      stdout += chunk;
    });
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      stderr += chunk;
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr, ms: performance.now() - startedMs }));
  });
}
