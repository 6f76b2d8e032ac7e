import type { Endpoint, Runtime } from '../../../engine/runtime/port.ts';

/** An answer of a web server in a test. */
export interface TestAnswer {
  readonly status?: number;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** `silence`: none at all. `break`: the connection breaks instead. */
  readonly instead?: 'silence' | 'break';
}

export type TestServer = (path: string, method: string, body: Uint8Array) => TestAnswer;

/** What the conformance suite needs of a world: two machines that reach each other, a disk, and patience. */
export interface TestWorld {
  readonly name: string;
  /** Streams go over TLS. */
  readonly tls?: boolean;
  readonly left: Runtime;
  readonly right: Runtime;
  /** Where `left` reaches `right`. */
  readonly rightHost: string;
  /** Where `right` listens for it. */
  readonly listenHost: string;
  /** As {@link ByteStream.end} waits, in this world. */
  readonly closeTimeoutMs: number;
  /** An empty folder for files of `left`. */
  readonly folder: string;
  /** Lets things happen until `promise` is settled. */
  wait<T>(promise: Promise<T>): Promise<T>;
  /** Lets things happen until `condition` holds; an error says `what` did not. */
  until(what: string, condition: () => boolean): Promise<void>;
  /** Lets time pass. */
  pass(durationMs: number): Promise<void>;
  /** An address that never answers. */
  blackHole(): Promise<Endpoint>;
  /** A port of `right` where nobody listens. */
  closedPort(): Promise<number>;
  /** A web server that `left` reaches; the result is its address, without a slash at the end. */
  serve(server: TestServer): Promise<string>;
  /** A web address where nobody is. */
  nobodyUrl(): Promise<string>;
  /** The path of an existing file whose disk has no space left; undefined where that cannot be arranged. */
  fullFile(): Promise<string | undefined>;
  /** Runs `action` while the file at `path` may not be used; false where that cannot be arranged. */
  whileDenied(path: string, action: () => Promise<void>): Promise<boolean>;
  close(): Promise<void>;
}

export type MakeWorld = () => Promise<TestWorld>;
