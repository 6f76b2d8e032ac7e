// Aim: partitions and mappings lead to the disk beneath; rotating disks are known as such, and what cannot be known
// counts as flash. The tree of /sys is a made-up one.
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DiskFinder, diskOf } from '../../../engine/node/verify/disk.ts';
import { scratch } from './support/library.ts';

const test = suite('verify: disks');
const sys = scratch();

/** A device number as Linux packs it. */
const device = (major: number, minor: number): number =>
  (minor % 256) +
  (major % 4096) * 256 +
  Math.floor(minor / 256) * 2 ** 20 +
  Math.floor(major / 4096) * 2 ** 44;

function disk(name: string, numbers: string, rotational: string): string {
  const folder = join(sys, 'devices', 'block', name);
  mkdirSync(join(folder, 'queue'), { recursive: true });
  writeFileSync(join(folder, 'queue', 'rotational'), `${rotational}\n`);
  link(join(sys, 'dev', 'block', numbers), folder);
  return folder;
}

function link(from: string, to: string): void {
  mkdirSync(dirname(from), { recursive: true });
  symlinkSync(relative(dirname(from), to), from);
}

function partition(folder: string, name: string, numbers: string): string {
  const part = join(folder, name);
  mkdirSync(part);
  writeFileSync(join(part, 'partition'), '1\n');
  link(join(sys, 'dev', 'block', numbers), part);
  return part;
}

const sda = disk('sda', '8:0', '1');
const sda1 = partition(sda, 'sda1', '8:1');
const sda2 = partition(sda, 'sda2', '8:2');
const nvme = disk('nvme0n1', '259:0', '0');
partition(nvme, 'nvme0n1p1', '259:300');
disk('vda', '253:0', '1');
disk('xvdb', '202:16', '1');
const crypt = disk('dm-0', '254:0', '1');
link(join(crypt, 'slaves', 'sda2'), sda2);
const stripe = disk('dm-1', '254:1', '1');
link(join(stripe, 'slaves', 'sda1'), sda1);
link(join(stripe, 'slaves', 'nvme0n1'), nvme);
disk('strange', '300000:5', '1');

const CASES: readonly (readonly [
  what: string,
  major: number,
  minor: number,
  key: string,
  isRotating: boolean,
])[] = [
  ['a rotating disk', 8, 0, 'sda', true],
  ['its first partition is the same disk', 8, 1, 'sda', true],
  ['its second too', 8, 2, 'sda', true],
  ['a partition on flash, with a minor number above 255', 259, 300, 'nvme0n1', false],
  ['virtual disks say “rotating” and mean nothing by it', 253, 0, 'vda', false],
  ['those of Xen too', 202, 16, 'xvdb', false],
  ['encryption on one disk is that disk', 254, 0, 'sda', true],
  ['a mapping over several disks is a disk of its own', 254, 1, 'dm-1', true],
  ['a major number above 4095', 300_000, 5, 'strange', true],
  ['a network or stacked file system', 0, 77, 'device 77', false],
];

for (const [what, major, minor, key, isRotating] of CASES) {
  test(what, () => {
    assert.equal(diskOf(device(major, minor), sys), { key, isRotating });
  });
}

test('a path that is not there yet lies on the disk of the folder above; one is looked up once', () => {
  const finder = new DiskFinder();
  const here = finder.at(sys);
  assert.equal(finder.at(join(sys, 'no', 'such', 'file')), here);
  assert.ok(finder.at(sys) === here);
});

test.run();
