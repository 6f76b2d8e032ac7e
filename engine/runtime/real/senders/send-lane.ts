import fs from 'node:fs';
import type net from 'node:net';
import type { FilePace, ReadPace } from '../../../bittorrent/storage/read-pace.ts';
import { type FileBlocks, OUTCOME, type ToSender } from './messages.ts';

type Job = Extract<ToSender, { readonly kind: 'memory' | 'bytes' }>;

const NOTHING = new Uint8Array(0);

/** What the lanes of a thread share. */
export interface LaneModules {
  readonly memory: SharedArrayBuffer;
  readonly pace: ReadPace;
  readonly paceOf: (fd: number) => FilePace;
  readonly onDone: (id: number, outcome: number) => void;
  readonly onFailed: (id: number, code: string) => void;
  /** Closed, and nothing is read for it any more. */
  readonly onClosed: (id: number) => void;
}

/** The sending half of one connection: does one thing after the other. */
export class SendLane {
  private readonly id: number;
  private readonly modules: LaneModules;
  private readonly jobs: Job[] = [];
  private socket: net.Socket | undefined;
  private isReading = false;
  private isEnding = false;
  private isClosing = false;
  private hasFailed = false;

  constructor(id: number, modules: LaneModules) {
    this.id = id;
    this.modules = modules;
  }

  /** The connection has come. */
  attach(socket: net.Socket): void {
    this.socket = socket;
    socket.on('error', (error: NodeJS.ErrnoException) => this.fail(error.code ?? ''));
    if (this.isClosing) socket.destroy();
    else this.work();
  }

  get isHere(): boolean {
    return this.socket !== undefined;
  }

  get isClosed(): boolean {
    return this.isClosing && !this.isReading;
  }

  push(job: Job): void {
    this.jobs.push(job);
    this.work();
  }

  end(): void {
    this.isEnding = true;
    this.work();
  }

  close(): void {
    this.isClosing = true;
    this.jobs.length = 0;
    this.socket?.destroy();
    if (!this.isReading) this.modules.onClosed(this.id);
  }

  private work(): void {
    const { socket } = this;
    if (socket === undefined || this.isReading || this.hasFailed || this.isClosing) return;
    for (let job = this.jobs[0]; job !== undefined; job = this.jobs[0]) {
      if (job.kind === 'memory' && job.file !== undefined) {
        const isRead = this.read(job.file);
        if (isRead === undefined) return;
        this.jobs.shift();
        this.send(socket, job, isRead);
      } else {
        this.jobs.shift();
        this.send(socket, job, true);
      }
    }
    if (this.isEnding) socket.end();
  }

  private send(socket: net.Socket, job: Job, isRead: boolean): void {
    // What could not be read is told in its turn: nothing is written for it.
    const outcome = isRead ? OUTCOME.sent : OUTCOME.unread;
    let bytes: Uint8Array = NOTHING;
    if (job.kind === 'bytes') bytes = job.bytes;
    else if (isRead) bytes = new Uint8Array(this.modules.memory, job.offset, job.byteLength);
    socket.write(bytes, (error) => {
      if (!error) this.modules.onDone(this.id, outcome);
    });
  }

  /** Whether the bytes could be read; undefined: they are being read, and the work goes on afterwards. */
  private read(file: FileBlocks): boolean | undefined {
    const { memory, pace, paceOf } = this.modules;
    const { fd, position } = file;
    const targets = targetsOf(file, memory);
    const wanted = (file.count - 1) * file.blockBytes + file.lastBytes;
    const filePace = paceOf(fd);
    const beganMs = performance.now();
    if (pace.mayReadNow(filePace, beganMs)) {
      let length = -1;
      try {
        length = fs.readvSync(fd, targets, position);
      } catch {
        // The loop reads it again, and tells what is wrong.
      }
      const nowMs = performance.now();
      pace.note(filePace, wanted, nowMs - beganMs, nowMs);
      return length === wanted;
    }
    this.isReading = true;
    fs.readv(fd, targets, position, (error, length) => {
      this.isReading = false;
      if (this.isClosing) {
        this.modules.onClosed(this.id);
        return;
      }
      const job = this.jobs.shift();
      if (job !== undefined && this.socket !== undefined) {
        this.send(this.socket, job, error === null && length === wanted);
      }
      this.work();
    });
    return undefined;
  }

  private fail(code: string): void {
    if (this.hasFailed || this.isClosing) return;
    this.hasFailed = true;
    this.modules.onFailed(this.id, code);
  }
}

function targetsOf(file: FileBlocks, memory: SharedArrayBuffer): Uint8Array[] {
  const targets: Uint8Array[] = [];
  for (let index = 0; index < file.count; index++) {
    const byteLength = index === file.count - 1 ? file.lastBytes : file.blockBytes;
    targets.push(new Uint8Array(memory, file.first + index * file.stride, byteLength));
  }
  return targets;
}
