/**
 * libtorrent as a seedbox operator would tune it for throughput. Its defaults hold back: small send buffers, few
 * requests in its queue.
 */
export const LIBTORRENT_TUNED = {
  aio_threads: 4,
  hashing_threads: 2,
  file_pool_size: 500,
  listen_queue_size: 1000,
  send_buffer_watermark: 8 << 20,
  send_buffer_low_watermark: 1 << 20,
  send_buffer_watermark_factor: 200,
  send_socket_buffer_size: 1 << 20,
  recv_socket_buffer_size: 1 << 20,
  max_allowed_in_request_queue: 4000,
  max_out_request_queue: 1500,
  request_queue_time: 10,
  max_queued_disk_bytes: 64 << 20,
  max_peer_recv_buffer_size: 8 << 20,
  send_redundant_have: false,
} as const;

/** libtorrent 2 maps files into memory; with this it reads and writes them instead, whatever their length. */
export const LIBTORRENT_PREAD = { mmap_file_size_cutoff: 2 ** 31 - 1 } as const;

/** Verifying on two threads. */
export const LIBTORRENT_HASHERS = {
  aio_threads: 2,
  hashing_threads: 2,
  checking_mem_usage: 1024,
} as const;

export type LibtorrentSettings = Readonly<Record<string, number | boolean>>;
