/* A peer that only takes: it asks for blocks with many requests in flight and drops what comes. It neither hashes nor
 * writes, so that what is measured is the seeder on the other side.
 *
 *   sink port=P hash=HEX pieces=N piece-length=BYTES total=BYTES [connections=1] [depth=64] [bytes=TOTAL]
 *        [seconds=60] [patience=30] [network=0] [watch=PID,PID] [compare=FILE] [torrents=FILE]
 *
 * Every connection comes from an address of its own in 127.0.0.0/8, `network` chooses which. The clock runs from the
 * first byte of payload to the last. `watch` are processes whose CPU time is read at both moments. `compare` checks
 * every byte against the file. `torrents` names a file of info-hashes, 20 bytes each, of torrents that are all as large
 * as the one described; the connections take them by turns. Prints one JSON object. */
#define _GNU_SOURCE
#include "common.h"

enum { BUFFER_BYTES = 256 << 10, REQUEST_BYTES = 17, PIECE_HEADER_BYTES = 13, WATCHED_MAX = 16, EVENTS = 64 };

struct connection {
  const uint8_t *hash;
  int fd, greeted, choked, complete;
  uint32_t in_flight, piece, next_block, piece_blocks, have_count;
  uint8_t *have;
  uint8_t *buffer;
  size_t used;
  uint32_t payload_left;
  uint64_t payload_at, received;
  uint8_t *requests;
  size_t requests_used, requests_sent;
};

static struct torrent torrent;
static struct connection *connections;
static uint32_t *order;
static uint8_t *hashes;
static uint32_t hash_count = 1;
static uint64_t order_at, received, wanted, mismatches, blocks;
static uint32_t depth;
static const uint8_t *reference;
static double first_at, first_cpu, watched_first;
static int watched[WATCHED_MAX], watched_count, closed;

static double watched_cpu(void) {
  double ticks = 0;
  for (int at = 0; at < watched_count; at++) {
    char path[64], text[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", watched[at]);
    int fd = open(path, O_RDONLY);
    if (fd < 0) continue;
    ssize_t got = read(fd, text, sizeof text - 1);
    close(fd);
    if (got <= 0) continue;
    text[got] = 0;
    const char *after_name = strrchr(text, ')');
    unsigned long long user, kernel;
    const char *format = " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu";
    if (after_name != NULL && sscanf(after_name + 1, format, &user, &kernel) == 2) ticks += (double)(user + kernel);
  }
  return ticks / (double)sysconf(_SC_CLK_TCK);
}

/* Pieces in an order that jumps about, the same in every run. */
static void shuffle_pieces(void) {
  order = malloc(torrent.pieces * sizeof *order);
  uint64_t state = 88172645463325252ull;
  for (uint32_t at = 0; at < torrent.pieces; at++) {
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    uint32_t other = (uint32_t)(state % (at + 1));
    order[at] = order[other];
    order[other] = at;
  }
}

static void read_hashes(const char *path) {
  hashes = torrent.hash;
  if (path == NULL) return;
  FILE *file = fopen(path, "rb");
  if (file == NULL || fseek(file, 0, SEEK_END) != 0) fail("cannot read %s", path);
  hash_count = (uint32_t)(ftell(file) / HASH_BYTES);
  rewind(file);
  hashes = malloc((size_t)hash_count * HASH_BYTES + 1);
  if (hash_count == 0 || fread(hashes, HASH_BYTES, hash_count, file) != hash_count) fail("no hashes in %s", path);
  fclose(file);
}

static void drop(struct connection *c) {
  close(c->fd);
  c->fd = -1;
  closed++;
}

static void flush_requests(struct connection *c) {
  while (c->requests_sent < c->requests_used) {
    ssize_t sent = send(c->fd, c->requests + c->requests_sent, c->requests_used - c->requests_sent, MSG_NOSIGNAL);
    if (sent <= 0) return;
    c->requests_sent += (size_t)sent;
  }
  c->requests_sent = c->requests_used = 0;
}

/* Fills the pipe again when a quarter of it has run dry, so that requests travel in bunches. */
static void ask(struct connection *c) {
  if (c->fd < 0 || c->choked || !c->complete) return;
  if (c->requests_used > 0) flush_requests(c);
  if (c->requests_used > 0 || c->in_flight > depth - depth / 4) return;
  while (c->in_flight < depth) {
    if (c->next_block == c->piece_blocks) {
      c->piece = order[order_at++ % torrent.pieces];
      c->next_block = 0;
      c->piece_blocks = (uint32_t)((piece_bytes(&torrent, c->piece) + BLOCK_BYTES - 1) / BLOCK_BYTES);
    }
    uint32_t begin = c->next_block++ * BLOCK_BYTES;
    uint64_t left = piece_bytes(&torrent, c->piece) - begin;
    uint8_t *out = c->requests + c->requests_used;
    store32(out, 13);
    out[4] = REQUEST;
    store32(out + 5, c->piece);
    store32(out + 9, begin);
    store32(out + 13, left < BLOCK_BYTES ? (uint32_t)left : BLOCK_BYTES);
    c->requests_used += REQUEST_BYTES;
    c->in_flight++;
  }
  flush_requests(c);
}

static void take_payload(struct connection *c, const uint8_t *at, size_t bytes) {
  if (reference != NULL && memcmp(at, reference + c->payload_at, bytes) != 0) mismatches++;
  c->payload_at += bytes;
  c->payload_left -= (uint32_t)bytes;
  c->received += bytes;
  received += bytes;
  if (c->payload_left == 0) {
    if (c->in_flight > 0) c->in_flight--;
    blocks++;
  }
}

static void begin_block(struct connection *c, const uint8_t *message, uint32_t length) {
  if (first_at == 0) {
    first_at = seconds_now();
    first_cpu = cpu_seconds();
    watched_first = watched_cpu();
  }
  c->payload_left = length - 9;
  c->payload_at = (uint64_t)load32(message + 5) * torrent.piece_length + load32(message + 9);
  if (length < 9 || c->payload_left > BLOCK_BYTES || c->payload_at + c->payload_left > torrent.total)
    fail("a block that was not asked for");
}

static void note_have(struct connection *c, uint32_t piece) {
  if (piece >= torrent.pieces || c->have[piece]) return;
  c->have[piece] = 1;
  if (++c->have_count == torrent.pieces) c->complete = 1;
}

static void take_message(struct connection *c, const uint8_t *message, uint32_t length) {
  switch (message[4]) {
    case CHOKE: c->choked = 1; c->in_flight = 0; break;
    case UNCHOKE: c->choked = 0; break;
    case HAVE_ALL: c->complete = 1; break;
    case HAVE: if (length == 5) note_have(c, load32(message + 5)); break;
    case BITFIELD:
      for (uint32_t piece = 0; piece < (length - 1) * 8 && piece < torrent.pieces; piece++)
        if (message[5 + piece / 8] >> (7 - piece % 8) & 1) note_have(c, piece);
      break;
  }
}

/* Works off what is in the buffer; returns how much of it is used up. */
static size_t take_bytes(struct connection *c) {
  const uint8_t *at = c->buffer, *end = at + c->used;
  if (!c->greeted) {
    if (c->used < HANDSHAKE_BYTES) return 0;
    if (memcmp(at + 28, c->hash, HASH_BYTES) != 0) fail("the peer has another torrent");
    at += HANDSHAKE_BYTES;
    c->greeted = 1;
    static const uint8_t interested[5] = {0, 0, 0, 1, INTERESTED};
    if (send(c->fd, interested, sizeof interested, MSG_NOSIGNAL) != sizeof interested) fail("cannot send");
  }
  for (;;) {
    size_t left = (size_t)(end - at);
    if (c->payload_left > 0) {
      if (left == 0) break;
      size_t part = left < c->payload_left ? left : c->payload_left;
      take_payload(c, at, part);
      at += part;
      continue;
    }
    if (left < 4) break;
    uint32_t length = load32(at);
    if (length == 0) {
      at += 4;
      continue;
    }
    if (left < 5) break;
    if (at[4] == PIECE) {
      if (left < PIECE_HEADER_BYTES) break;
      begin_block(c, at, length);
      at += PIECE_HEADER_BYTES;
      continue;
    }
    if (length > BUFFER_BYTES - 4) fail("a message of %u bytes", length);
    if (left < length + 4) break;
    take_message(c, at, length);
    at += length + 4;
  }
  return (size_t)(at - c->buffer);
}

static void readable(struct connection *c) {
  ssize_t got = recv(c->fd, c->buffer + c->used, BUFFER_BYTES - c->used, 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) {
    drop(c);
    return;
  }
  c->used += (size_t)got;
  size_t done = take_bytes(c);
  c->used -= done;
  if (c->used > 0 && done > 0) memmove(c->buffer, c->buffer + done, c->used);
  ask(c);
}

static void open_connection(struct connection *c, int poll, unsigned port, unsigned network, unsigned serial) {
  c->choked = 1;
  c->have = calloc(torrent.pieces, 1);
  c->buffer = malloc(BUFFER_BYTES);
  c->requests = malloc((size_t)depth * REQUEST_BYTES);
  c->fd = dial_loopback(port, network, serial);
  if (c->fd < 0) fail("cannot connect to port %u: %s", port, strerror(errno));
  uint8_t hello[HANDSHAKE_BYTES];
  struct torrent wanted_torrent = torrent;
  c->hash = hashes + (size_t)(serial % hash_count) * HASH_BYTES;
  memcpy(wanted_torrent.hash, c->hash, HASH_BYTES);
  write_handshake(hello, &wanted_torrent, "SI", network * 1000 + serial);
  if (send(c->fd, hello, sizeof hello, MSG_NOSIGNAL) != sizeof hello) fail("cannot send the handshake");
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
  epoll_ctl(poll, EPOLL_CTL_ADD, c->fd, &event);
}

static void report(int count, double started_at) {
  double seconds = first_at > 0 ? seconds_now() - first_at : 0;
  double cpu = first_at > 0 ? cpu_seconds() - first_cpu : 0, other = first_at > 0 ? watched_cpu() - watched_first : 0;
  int served = 0;
  for (int at = 0; at < count; at++) served += connections[at].received > 0;
  printf("{\"bytes\":%llu,\"seconds\":%.6f,\"cpuSeconds\":%.6f,\"watchedCpuSeconds\":%.3f,\"waitSeconds\":%.6f,"
         "\"connections\":%d,\"served\":%d,\"closed\":%d,\"blocks\":%llu,\"mismatches\":%llu,\"complete\":%s}\n",
         (unsigned long long)received, seconds, cpu, other, first_at > 0 ? first_at - started_at : 0, count, served,
         closed, (unsigned long long)blocks, (unsigned long long)mismatches, received >= wanted ? "true" : "false");
}

int main(int count, char **words) {
  torrent = torrent_of(count, words);
  int connection_count = (int)number(count, words, "connections", 1);
  depth = (uint32_t)number(count, words, "depth", 64);
  wanted = number(count, words, "bytes", torrent.total);
  double limit = (double)number(count, words, "seconds", 60), patience = (double)number(count, words, "patience", 30);
  unsigned port = (unsigned)number(count, words, "port", 0), network = (unsigned)number(count, words, "network", 0);
  const char *path = word(count, words, "compare", NULL);
  if (path != NULL) reference = map_file(path, torrent.total);
  for (const char *at = word(count, words, "watch", ""); *at != 0 && watched_count < WATCHED_MAX;) {
    watched[watched_count++] = (int)strtol(at, (char **)&at, 10);
    if (*at == ',') at++;
    else break;
  }
  shuffle_pieces();
  read_hashes(word(count, words, "torrents", NULL));
  connections = calloc((size_t)connection_count, sizeof *connections);
  int poll = epoll_create1(EPOLL_CLOEXEC);
  double started_at = seconds_now();
  for (int at = 0; at < connection_count; at++)
    open_connection(&connections[at], poll, port, network, (unsigned)at);
  struct epoll_event events[EVENTS];
  while (received < wanted && closed < connection_count) {
    int ready = epoll_wait(poll, events, EVENTS, 100);
    double now = seconds_now();
    if (first_at > 0 ? now - first_at > limit : now - started_at > patience) break;
    for (int at = 0; at < ready; at++) readable(events[at].data.ptr);
  }
  report(connection_count, started_at);
  return 0;
}
