/**
 * The `Runtime` port: all that protocol code may use of time, chance, network and disk. Types only, so every
 * floor may import it. `engine/runtime/real/` is Node; `engine/runtime/sim/` is a deterministic world.
 */

declare const brand: unique symbol;
/** A number that cannot be mixed up with another kind of number. */
export type Branded<T, Name extends string> = T & { readonly [brand]: Name };

/** Milliseconds: of the monotonic clock (arbitrary origin) or a duration. */
export type Milliseconds = Branded<number, 'Milliseconds'>;

/** An address of the transport layer. `host` is a literal IPv4/IPv6 address or, for {@link Network.connect}, a name. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

export interface Timer {
  /** Idempotent. After it returns the callback will not run. */
  cancel(): void;
}

export interface Clock {
  /** Monotonic time in milliseconds, fractional. */
  now(): Milliseconds;
  /** Unix time in milliseconds; may jump. */
  wallClock(): number;
  /** Runs `callback` once, `delayMs` from now (0: after the current callback). A pending timer keeps no process alive. */
  setTimer(delayMs: number, callback: () => void): Timer;
}

/** Chance. In the real world from the operating system's generator, in the simulated one from the seed. */
export interface Random {
  /** An integer, 0 ≤ n < bound; bound ≤ 2^32. Uniform. */
  below(bound: number): number;
  /** Fresh random bytes. */
  bytes(length: number): Uint8Array;
}

/** Why a stream is gone. `ended`: the peer finished; the others carry the system's code where there is one. */
export interface StreamEnd {
  readonly kind: 'ended' | 'reset' | 'refused' | 'timeout' | 'closed' | 'failed';
  readonly code: string;
}

/**
 * The owner of a stream. The bytes land where the owner says: before each read the stream asks
 * {@link readTarget}, fills it partly or wholly, then calls {@link onRead}. Bytes are never copied on the way.
 */
export interface StreamHandler {
  /** First of all, for outgoing and incoming streams alike. */
  onOpen(): void;
  /**
   * Where the next bytes shall go; at least 1 byte. May be over shared memory. Valid until the next call or
   * {@link onClose}. Asked once after {@link onOpen} and again right after every {@link onRead}, so that one is
   * always lent out, also to a stream that is paused.
   */
  readTarget(): Uint8Array;
  /** `length` bytes now lie at the start of the target handed out last. */
  onRead(length: number): void;
  /** What was written has been taken by the system and {@link ByteStream.queuedBytes} is 0 again. */
  onDrain(): void;
  /** Called once, last. Every pending `written` callback has been called before. */
  onClose(end: StreamEnd): void;
}

/** Something to be read from a file and sent, all of it together. */
export interface FileSend {
  /** What is sent. It must lie in shared memory and stay untouched until `sent` is called. */
  readonly bytes: Uint8Array;
  /** The parts of `bytes` that are to be read, one behind the other; the rest is there already. */
  readonly targets: readonly Uint8Array[];
  /** To be kept open until `sent` is called. */
  readonly file: FileHandle;
  readonly position: number;
  /** `lost`: the stream died first. `unread`: the file could not be read, or has ended; nothing was sent. */
  readonly sent: (outcome: 'sent' | 'lost' | 'unread') => void;
}

export interface ByteStream {
  readonly remote: Endpoint;
  readonly local: Endpoint;
  /**
   * Queues `bytes`, which must stay untouched until `written` is called: with true once the system has taken
   * them, with false if the stream died first.
   */
  write(bytes: Uint8Array, written?: (ok: boolean) => void): void;
  /**
   * Has another thread read and send, in order with what is written before and after. False where that cannot be, or
   * not now; then nothing has happened. Absent where it never can.
   */
  sendFile?(send: FileSend): boolean;
  /** Holds back writes until {@link uncork} and sends them in one system call. */
  cork(): void;
  uncork(): void;
  readonly queuedBytes: number;
  /** Stops asking for targets: back-pressure to the peer. One read under way may still arrive. */
  pause(): void;
  resume(): void;
  /** Sends what is queued, then closes. */
  end(): void;
  /** Closes at once. */
  destroy(): void;
}

export interface ConnectOptions {
  readonly timeoutMs: number;
  /** Bind the local end to this address. */
  readonly localHost?: string;
}

export interface ListenOptions extends Endpoint {
  /** Waiting connections the system may hold. */
  readonly backlog?: number;
}

export interface Listener {
  readonly local: Endpoint;
  close(): Promise<void>;
}

/** A key and the certificate that shows it, as TLS needs them. */
export interface TlsIdentity {
  /** PKCS#8 DER of an RSA or P-256 key. A simulated world does not look at it. */
  readonly privateKeyDer: Uint8Array;
  /** X.509 DER. */
  readonly certificateDer: Uint8Array;
}

/**
 * A stream over TLS 1.2 or newer; open once the TLS handshake is done. Certificates are not checked against any
 * authority and no server name is sent: whoever uses it binds certificates itself. The three members below are
 * valid from {@link StreamHandler.onOpen} on. Reads are TLS records, so at most 16 KiB each; while it is paused it asks
 * for no target, and what was deciphered by then is handed out (by copying) when it resumes.
 */
export interface TlsStream extends ByteStream {
  /** X.509 DER; empty for a caller, which shows none. */
  readonly ownCertificate: Uint8Array;
  /** X.509 DER; empty when the peer shows none. */
  readonly peerCertificate: Uint8Array;
  /** RFC 5705: the same bytes at both ends, and nobody else's. */
  exportKeyingMaterial(byteLength: number, label: string, context: Uint8Array): Uint8Array;
}

export interface TlsListenOptions extends ListenOptions {
  readonly identity: TlsIdentity;
  /** A caller whose TLS handshake takes longer is dropped. */
  readonly handshakeTimeoutMs: number;
  /** TLS handshakes under way at once; for a further one the oldest is dropped. Default 1,024. */
  readonly handshakesMax?: number;
  /** Those of one address; for a further one its oldest is dropped. Default 128. */
  readonly handshakesPerHostMax?: number;
  /** Whether a caller may begin a TLS handshake at all. Default: everybody. */
  readonly admit?: (remote: Endpoint) => boolean;
}

export interface TlsListener extends Listener {
  /** For connections from now on; those that stand keep theirs. */
  setIdentity(identity: TlsIdentity): void;
}

export interface DatagramSocket {
  readonly local: Endpoint;
  /** Bytes sent that the system has not taken yet; 0 as a rule. */
  readonly queuedBytes: number;
  /** `bytes` must stay untouched until {@link queuedBytes} is 0, which it usually is when this returns. */
  send(bytes: Uint8Array, to: Endpoint): void;
  close(): void;
}

export interface HttpRequest {
  readonly url: string;
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  readonly timeoutMs: number;
  /** A longer answer is an error. */
  readonly maxBytes: number;
  /** Gives it up: it rejects at once. */
  readonly signal?: AbortSignal;
}

export interface HttpResponse {
  readonly status: number;
  readonly body: Uint8Array;
  /** The header of that name, where there is one: which part of the whole the body is (RFC 9110). */
  readonly contentRange?: string;
}

export interface Network {
  /** The stream is returned at once; `onOpen` or `onClose` tells how it went. */
  connect(to: Endpoint, handler: StreamHandler, options: ConnectOptions): ByteStream;
  /** `accept` is called for each incoming stream and returns its owner, or undefined to close it. */
  listen(at: ListenOptions, accept: (stream: ByteStream) => StreamHandler | undefined): Promise<Listener>;
  /** As {@link connect}; `timeoutMs` covers the TLS handshake as well. */
  connectTls(to: Endpoint, handler: StreamHandler, options: ConnectOptions): TlsStream;
  /** As {@link listen}; `accept` is called when the TLS handshake is done. */
  listenTls(
    at: TlsListenOptions,
    accept: (stream: TlsStream) => StreamHandler | undefined,
  ): Promise<TlsListener>;
  /** `onMessage` may keep the bytes it gets. */
  bindDatagram(at: Endpoint, onMessage: (bytes: Uint8Array, from: Endpoint) => void): Promise<DatagramSocket>;
  /**
   * Joins a multicast group (`group.port` shared with other programs) and hears what is sent to it, own messages
   * included. `localHost`: the address of the interface; undefined: the system's choice. What is sent goes no further
   * than the local network. Absent where a network must not do that: behind a proxy, say.
   */
  readonly joinMulticast?: (
    group: Endpoint,
    localHost: string | undefined,
    onMessage: (bytes: Uint8Array, from: Endpoint) => void,
  ) => Promise<DatagramSocket>;
  /** Literal addresses of a name, at least one; of a literal address itself. Rejects with AlliumError NETWORK_FAILED. */
  lookup(name: string): Promise<readonly string[]>;
  /** DNS text records of a name, each joined; none is an empty list. Rejects with AlliumError NETWORK_FAILED. */
  lookupText(name: string): Promise<readonly string[]>;
  /** A small HTTP(S) exchange (tracker announces). Rejects with AlliumError NETWORK_FAILED. */
  http(request: HttpRequest): Promise<HttpResponse>;
}

export interface FileStat {
  readonly kind: 'file' | 'directory' | 'other';
  readonly byteLength: number;
  /** Unix milliseconds. */
  readonly modifiedMs: number;
  /** Which disk it lies on; equal numbers, equal disk. */
  readonly device: number;
}

/**
 * An open file. Reads and writes take a list of buffers (scatter/gather) and may be over shared memory.
 * Errors reject with an AlliumError (NO_SPACE, NO_PERMISSION, NOT_FOUND, WRONG_KIND, IO_FAILED).
 */
export interface FileHandle {
  /** Bytes read; fewer than asked only at the end of the file. */
  readv(buffers: readonly Uint8Array[], position: number): Promise<number>;
  /**
   * As {@link readv}, but at once: nothing else happens before it returns, so for what is believed to lie in memory.
   * May read less than there is. Throws when it cannot. Absent where a read always takes its time.
   */
  readNow?(buffers: readonly Uint8Array[], position: number): number;
  /** Writes all of it. */
  writev(buffers: readonly Uint8Array[], position: number): Promise<void>;
  stat(): Promise<FileStat>;
  /** Sets the length; a longer file is sparse where the file system can. */
  truncate(byteLength: number): Promise<void>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

export interface FileSystem {
  open(path: string, mode: 'read' | 'write'): Promise<FileHandle>;
  /** undefined when there is nothing at this path. Follows symbolic links. */
  stat(path: string): Promise<FileStat | undefined>;
  /** The path with symbolic links resolved. */
  realPath(path: string): Promise<string>;
  readDirectory(path: string): Promise<readonly string[]>;
  makeDirectory(path: string): Promise<void>;
  readFile(path: string, maxBytes: number): Promise<Uint8Array>;
  /** Whole file, atomically: a reader sees the old or the new content, also after a power cut. */
  writeFile(path: string, bytes: Uint8Array): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** A symbolic link at `path` that says `target`. False: something is there already, or this disk knows no links. */
  makeLink(path: string, target: string): Promise<boolean>;
  /** Removes a symbolic link, not what it leads to; nothing happens where there is none. */
  removeLink(path: string): Promise<void>;
}

export interface Runtime {
  readonly clock: Clock;
  readonly random: Random;
  readonly network: Network;
  readonly files: FileSystem;
}
