import { AlliumError } from '../../codec/error.ts';
import type { FileHandle, FileStat, FileSystem } from '../port.ts';
import { fileError, systemError } from '../real/file-error.ts';
import type { DiskOperation } from './disk.ts';
import { SimFile } from './file.ts';
import type { Machine } from './machine.ts';
import { normalizePath, type SimNode } from './tree.ts';

/** The file system of one virtual machine. What an operation does, it does when its time is over. */
export function createSimFiles(machine: Machine): FileSystem {
  const { disk } = machine.host;
  const { tree } = disk;
  const run = createRunner(machine);
  const at = (action: DiskOperation['action'], path: string, byteLength = 0): DiskOperation => ({
    action,
    path: normalizePath(path),
    position: 0,
    byteLength,
  });
  return {
    open(path, mode) {
      const operation = at(mode === 'read' ? 'open' : 'create', path);
      return run(operation, () => createHandle(machine, operation.path, mode));
    },
    stat: (path) => {
      const operation = at('stat', path);
      return run(operation, () => toStat(machine, tree.find(operation.path)));
    },
    realPath: (path) => {
      const operation = at('stat', path);
      return run(operation, () => {
        if (tree.find(operation.path) === undefined) throw systemError('ENOENT');
        return operation.path;
      });
    },
    readDirectory: (path) => run(at('list', path), () => tree.list(path)),
    makeDirectory: (path) => run(at('make folder', path), () => tree.makeFolder(path)),
    readFile: (path, maxBytes) => run(at('read', path), () => readWhole(machine, path, maxBytes)),
    writeFile: (path, bytes) =>
      run(at('write', path, bytes.length), () => {
        const file = new SimFile();
        disk.write(file, [bytes], 0);
        file.modifiedMs = machine.runtime.clock.wallClock();
        file.sync();
        tree.replace(normalizePath(path), file);
        tree.commit();
        disk.recount();
      }),
    rename: (from, to) =>
      run(at('rename', from), () => {
        tree.rename(normalizePath(from), normalizePath(to));
        disk.recount();
      }),
    remove: (path) =>
      run(at('remove', path), () => {
        tree.remove(path);
        disk.recount();
      }),
    // These disks know no links.
    makeLink: async () => false,
    removeLink: async () => {},
  };
}

type Runner = <T>(operation: DiskOperation, act: () => T) => Promise<T>;

/** Runs an operation when the disk is through with it. If the machine crashes before, it is never heard of again. */
function createRunner(machine: Machine): Runner {
  const { disk } = machine.host;
  return (operation, act) =>
    new Promise((resolve, reject) => {
      const doneAtMs = disk.doneAtMs(machine.nowMs, operation.byteLength);
      machine.after(doneAtMs - machine.nowMs, () => {
        machine.trace(operation.action, operation.position, operation.byteLength);
        try {
          disk.check(operation);
          resolve(act());
        } catch (error) {
          reject(fileError(error, operation.action, operation.path));
        }
      });
    });
}

function createHandle(machine: Machine, path: string, mode: 'read' | 'write'): FileHandle {
  const { disk } = machine.host;
  const file = disk.tree.openFile(path, mode === 'write');
  const run = createRunner(machine);
  let open = true;
  const act = <T>(action: DiskOperation['action'], position: number, byteLength: number, what: () => T) =>
    run({ action, path, position, byteLength }, () => {
      if (!open) throw systemError('EBADF');
      return what();
    });
  const change = (what: () => void): void => {
    if (mode === 'read') throw systemError('EBADF');
    what();
    file.modifiedMs = machine.runtime.clock.wallClock();
  };
  return {
    readv: (buffers, position) =>
      act('read', position, lengthOf(buffers), () => {
        let done = 0;
        for (const target of buffers) {
          const count = file.read(target, position + done);
          done += count;
          if (count < target.length) break;
        }
        return done;
      }),
    writev: (buffers, position) =>
      act('write', position, lengthOf(buffers), () => change(() => disk.write(file, buffers, position))),
    stat: () => act('stat', 0, 0, () => toStat(machine, file)!),
    truncate: (byteLength) =>
      act('truncate', byteLength, 0, () => {
        change(() => file.truncate(byteLength));
        disk.recount();
      }),
    sync: () =>
      act('sync', 0, 0, () => {
        file.sync();
        disk.tree.commit();
      }),
    async close() {
      open = false;
    },
  };
}

function readWhole(machine: Machine, path: string, maxBytes: number): Uint8Array {
  const file = machine.host.disk.tree.openFile(normalizePath(path), false);
  if (file.byteLength > maxBytes) {
    throw new AlliumError('IO_FAILED', `${path} is longer than ${maxBytes} bytes`, {
      details: { path, maxBytes },
    });
  }
  const bytes = new Uint8Array(file.byteLength);
  file.read(bytes, 0);
  return bytes;
}

function toStat(machine: Machine, node: SimNode | undefined): FileStat | undefined {
  if (node === undefined) return undefined;
  const device = machine.host.index;
  if (node.kind === 'directory') return { kind: 'directory', byteLength: 0, modifiedMs: 0, device };
  return { kind: 'file', byteLength: node.byteLength, modifiedMs: node.modifiedMs, device };
}

function lengthOf(buffers: readonly Uint8Array[]): number {
  return buffers.reduce((sum, bytes) => sum + bytes.length, 0);
}
