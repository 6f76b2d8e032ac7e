import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { deviceOf } from './file-state.ts';

/** A physical disk as far as the system lets us see. */
export interface Disk {
  /** Equal for everything that lies on the same disk, also on another partition of it. */
  readonly key: string;
  /** It has a head to move: one reader at a time is fastest. False when nobody knows. */
  readonly isRotating: boolean;
}

const SLAVES_DEPTH_MAX = 8;

/** Which disks paths lie on. Looks each device up once. */
export class DiskFinder {
  readonly #disks = new Map<number, Disk>();

  /** The disk of what lies at `path`, or of the nearest folder above that exists. */
  at(path: string): Disk {
    const device = deviceOf(path);
    if (device === undefined) return { key: 'nowhere', isRotating: false };
    let disk = this.#disks.get(device);
    if (disk === undefined) {
      disk = diskOf(device);
      this.#disks.set(device, disk);
    }
    return disk;
  }
}

/**
 * Finds out what disk a device number (`st_dev`) stands for. Only Linux tells (in /sys); elsewhere, and for network
 * and stacked file systems, every device is a disk of its own that does not rotate.
 */
export function diskOf(device: number, sysFolder = '/sys'): Disk {
  try {
    const link = join(sysFolder, 'dev', 'block', `${majorOf(device)}:${minorOf(device)}`);
    const disk = wholeDisk(realpathSync(link), 0);
    return { key: basename(disk), isRotating: isRotating(disk) };
  } catch {
    return { key: `device ${device}`, isRotating: false };
  }
}

/** The disk under a partition, and the one disk under a mapping (LVM, encryption) when it has only one. */
function wholeDisk(folder: string, depth: number): string {
  const disk = existsSync(join(folder, 'partition')) ? dirname(folder) : folder;
  const slaves = join(disk, 'slaves');
  const names = existsSync(slaves) ? readdirSync(slaves) : [];
  if (names.length !== 1 || depth >= SLAVES_DEPTH_MAX) return disk;
  return wholeDisk(realpathSync(join(slaves, names[0]!)), depth + 1);
}

function isRotating(disk: string): boolean {
  // Virtual disks (virtio, Xen) report the default of the driver, whatever lies beneath.
  if (/^x?vd[a-z]+$/.test(basename(disk))) return false;
  return readFileSync(join(disk, 'queue', 'rotational'), 'latin1').trim() === '1';
}

/** The encoding of Linux in 64 bits: 12 low and 20 high bits of major, 8 low and 24 high bits of minor. */
function majorOf(device: number): number {
  return (Math.floor(device / 0x100) & 0xfff) + Math.floor(device / 2 ** 44) * 0x1000;
}

function minorOf(device: number): number {
  return (device & 0xff) + (Math.floor(device / 2 ** 20) & 0xffffff) * 0x100;
}
