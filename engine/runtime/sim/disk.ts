import { systemError } from '../real/file-error.ts';
import type { SimRandom } from './chance.ts';
import { SimFile } from './file.ts';
import { Pacer } from './pacer.ts';
import { normalizePath, type SimNode, Tree } from './tree.ts';

export interface SimDiskOptions {
  /** For every operation. Default 0.1. */
  readonly latencyMs?: number;
  /** Operations share it. Default unlimited. */
  readonly rateBytesPerSec?: number;
  /** In blocks of 4 KiB; sparse files take only what was written. Default unlimited. */
  readonly capacityBytes?: number;
}

/** What is about to be done to a virtual disk; {@link Fault} judges it. */
export interface DiskOperation {
  readonly action:
    | 'open'
    | 'create'
    | 'read'
    | 'write'
    | 'truncate'
    | 'sync'
    | 'stat'
    | 'list'
    | 'make folder'
    | 'rename'
    | 'remove';
  readonly path: string;
  readonly position: number;
  readonly byteLength: number;
}

/** The system's code for the error an operation shall meet (`EIO`, `EACCES`, `ENOSPC` …), or undefined. */
export type Fault = (operation: DiskOperation) => string | undefined;

/** The disk of a virtual host. It outlives the host's crashes; {@link SimDisk.crash} says what of it. */
export class SimDisk {
  readonly tree = new Tree();
  readonly latencyMs: number;
  /** May be changed at any time; what is there stays. */
  capacityBytes: number;
  readonly #pacer: Pacer;
  readonly #chance: SimRandom;
  readonly #faults = new Set<Fault>();
  #usedBytes = 0;

  constructor(options: SimDiskOptions, modules: { readonly chance: SimRandom }) {
    this.latencyMs = options.latencyMs ?? 0.1;
    this.capacityBytes = options.capacityBytes ?? Infinity;
    this.#pacer = new Pacer(options.rateBytesPerSec ?? Infinity);
    this.#chance = modules.chance;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Makes operations fail from now on; the result takes it back. */
  addFault(fault: Fault): () => void {
    this.#faults.add(fault);
    return () => this.#faults.delete(fault);
  }

  /** Throws what the first fault says. */
  check(operation: DiskOperation): void {
    for (const fault of this.#faults) {
      const code = fault(operation);
      if (code !== undefined) throw systemError(code);
    }
  }

  /** When an operation that starts at `nowMs` and moves `byteLength` bytes is done. */
  doneAtMs(nowMs: number, byteLength: number): number {
    return this.#pacer.pass(nowMs, byteLength) + this.latencyMs;
  }

  /** Writes all of it or throws ENOSPC and nothing is changed. */
  write(file: SimFile, buffers: readonly Uint8Array[], position: number): void {
    const length = buffers.reduce((sum, bytes) => sum + bytes.length, 0);
    const needed = file.neededBytes(position, length);
    if (needed > 0 && this.#usedBytes + needed > this.capacityBytes) throw systemError('ENOSPC');
    let at = position;
    for (const bytes of buffers) {
      file.write(bytes, at);
      at += bytes.length;
    }
    this.#usedBytes += needed;
  }

  /** To be called when space may have been given back. */
  recount(): void {
    this.#usedBytes = 0;
    for (const file of this.tree.files()) this.#usedBytes += file.usedBytes;
  }

  /** Power cut; see {@link SimFile.crash} and {@link Tree}. */
  crash(): void {
    this.tree.crash(this.#chance);
    this.recount();
  }

  /** Lays a file there from outside, at once and for good, with the folders above it. */
  put(path: string, bytes: Uint8Array): void {
    const place = normalizePath(path);
    this.tree.makeFolder(place.slice(0, place.lastIndexOf('/')));
    const file = new SimFile();
    file.write(bytes, 0);
    file.sync();
    this.tree.replace(place, file);
    this.tree.commit();
    this.recount();
  }

  /** The content of the file there, seen from outside; undefined if there is none. */
  get(path: string): Uint8Array | undefined {
    const node: SimNode | undefined = this.tree.find(normalizePath(path));
    if (node?.kind !== 'file') return undefined;
    const bytes = new Uint8Array(node.byteLength);
    node.read(bytes, 0);
    return bytes;
  }

  /** Flips every bit of a range, as a dying disk might: nobody is told. */
  rot(path: string, position: number, byteLength: number): void {
    const bytes = this.get(path);
    if (bytes === undefined) throw new Error(`no file ${path}`);
    this.put(
      path,
      bytes.map((byte, i) => (i >= position && i < position + byteLength ? ~byte : byte)),
    );
  }
}
