/* A peer that only gives: the least work that a seeder can do. The file is mapped, headers and blocks go out together
 * in one writev. It is a cheap seeder for leechers that are measured, and a ceiling for seeders.
 *
 *   source hash=HEX pieces=N piece-length=BYTES total=BYTES file=PATH port=P [seconds=600]
 *   source …same without port… [connections=4] [network=0] [seconds=600]
 *
 * Either listens on 127.0.0.1, or waits for a line "dial PORT" on standard input and then dials a leecher there: each
 * connection from an address of its own, and again when it breaks. Prints READY when it can be used. */
#define _GNU_SOURCE
#include "common.h"
#include <signal.h>
#include <sys/uio.h>

enum { QUEUE_MAX = 8192, BATCH = 64, HEADER_BYTES = 13, INPUT_BYTES = 64 << 10, EVENTS = 64, REDIAL_MS = 200 };

struct request {
  uint32_t piece, begin, length;
};

struct connection {
  int fd, greeted, watching_out;
  unsigned serial;
  uint8_t input[INPUT_BYTES];
  size_t used;
  struct request queue[QUEUE_MAX];
  uint32_t head, tail;
  size_t head_sent;
  uint8_t headers[BATCH][HEADER_BYTES];
  uint8_t *opening;
  size_t opening_bytes, opening_sent;
};

static struct torrent torrent;
static const uint8_t *content;
static int poll_fd;

static struct connection *open_connection(int fd, unsigned serial) {
  struct connection *c = calloc(1, sizeof *c);
  uint32_t bitfield = (torrent.pieces + 7) / 8;
  c->fd = fd;
  c->serial = serial;
  c->opening = calloc(1, HANDSHAKE_BYTES + 5 + bitfield + 5);
  write_handshake(c->opening, &torrent, "SO", serial);
  uint8_t *out = c->opening + HANDSHAKE_BYTES;
  store32(out, bitfield + 1);
  out[4] = BITFIELD;
  memset(out + 5, 0xff, bitfield);
  if (torrent.pieces % 8 != 0) out[4 + bitfield] = (uint8_t)(0xff << (8 - torrent.pieces % 8));
  out += 5 + bitfield;
  out[3] = 1;
  out[4] = UNCHOKE;
  c->opening_bytes = HANDSHAKE_BYTES + 5 + bitfield + 5;
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
  epoll_ctl(poll_fd, EPOLL_CTL_ADD, fd, &event);
  return c;
}

static void close_connection(struct connection *c) {
  close(c->fd);
  free(c->opening);
  free(c);
}

static void watch_out(struct connection *c, int on) {
  if (c->watching_out == on) return;
  c->watching_out = on;
  struct epoll_event event = {.events = EPOLLIN | (on ? EPOLLOUT : 0), .data.ptr = c};
  epoll_ctl(poll_fd, EPOLL_CTL_MOD, c->fd, &event);
}

/* 1: all sent, 0: the socket is full, -1: gone. */
static int send_opening(struct connection *c) {
  /* The bitfield waits for the handshake of the other side: some leechers lose one that comes with ours. */
  size_t until = c->greeted ? c->opening_bytes : HANDSHAKE_BYTES;
  while (c->opening_sent < until) {
    ssize_t sent = send(c->fd, c->opening + c->opening_sent, until - c->opening_sent, MSG_NOSIGNAL);
    if (sent < 0) return errno == EAGAIN ? 0 : -1;
    c->opening_sent += (size_t)sent;
  }
  return 1;
}

/* Headers and blocks of the next requests; the first may be half sent already. Returns the number of parts. */
static int gather(struct connection *c, struct iovec *parts, size_t *bytes) {
  int count = 0;
  size_t skip = c->head_sent;
  *bytes = 0;
  for (uint32_t at = c->head; at != c->tail && at - c->head < BATCH; at++, skip = 0) {
    const struct request *r = &c->queue[at % QUEUE_MAX];
    uint8_t *header = c->headers[at - c->head];
    store32(header, 9 + r->length);
    header[4] = PIECE;
    store32(header + 5, r->piece);
    store32(header + 9, r->begin);
    if (skip < HEADER_BYTES) {
      parts[count++] = (struct iovec){header + skip, HEADER_BYTES - skip};
      *bytes += HEADER_BYTES - skip;
      skip = HEADER_BYTES;
    }
    size_t done = skip - HEADER_BYTES;
    const uint8_t *block = content + (uint64_t)r->piece * torrent.piece_length + r->begin;
    parts[count++] = (struct iovec){(void *)(block + done), r->length - done};
    *bytes += r->length - done;
  }
  return count;
}

static int pump(struct connection *c) {
  int opened = send_opening(c);
  if (opened <= 0) {
    if (opened == 0) watch_out(c, 1);
    return opened;
  }
  while (c->head != c->tail) {
    struct iovec parts[2 * BATCH];
    size_t bytes;
    int count = gather(c, parts, &bytes);
    ssize_t sent = writev(c->fd, parts, count);
    if (sent < 0 && errno != EAGAIN) return -1;
    if (sent > 0) c->head_sent += (size_t)sent;
    while (c->head != c->tail && c->head_sent >= HEADER_BYTES + c->queue[c->head % QUEUE_MAX].length) {
      c->head_sent -= HEADER_BYTES + c->queue[c->head % QUEUE_MAX].length;
      c->head++;
    }
    if (sent < (ssize_t)bytes) {
      watch_out(c, 1);
      return 0;
    }
  }
  watch_out(c, 0);
  return 1;
}

static int take_request(struct connection *c, const uint8_t *message) {
  struct request r = {load32(message + 5), load32(message + 9), load32(message + 13)};
  int inside = r.piece < torrent.pieces && r.length <= (128 << 10) &&
               (uint64_t)r.begin + r.length <= piece_bytes(&torrent, r.piece);
  if (!inside || c->tail - c->head == QUEUE_MAX) return -1;
  c->queue[c->tail++ % QUEUE_MAX] = r;
  return 0;
}

static int take_bytes(struct connection *c) {
  size_t at = 0;
  if (!c->greeted && c->used >= HANDSHAKE_BYTES) {
    if (memcmp(c->input + 28, torrent.hash, HASH_BYTES) != 0) return -1;
    c->greeted = 1;
    at = HANDSHAKE_BYTES;
  }
  while (c->greeted && c->used - at >= 4) {
    uint32_t length = load32(c->input + at);
    if (length + 4 > INPUT_BYTES) return -1;
    if (c->used - at < length + 4) break;
    if (length == 13 && c->input[at + 4] == REQUEST && take_request(c, c->input + at) != 0) return -1;
    at += length + 4;
  }
  c->used -= at;
  memmove(c->input, c->input + at, c->used);
  return 0;
}

/* -1 when the connection is gone. */
static int serve(struct connection *c, uint32_t events) {
  if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
    ssize_t got = recv(c->fd, c->input + c->used, INPUT_BYTES - c->used, 0);
    if (got == 0 || (got < 0 && errno != EAGAIN)) return -1;
    if (got > 0) {
      c->used += (size_t)got;
      if (take_bytes(c) != 0) return -1;
    }
  }
  return pump(c);
}

static int listen_on(unsigned port) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1;
  struct sockaddr_in own = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  own.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (fd < 0 || bind(fd, (struct sockaddr *)&own, sizeof own) != 0 || listen(fd, 512) != 0)
    fail("cannot listen on port %u: %s", port, strerror(errno));
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
  epoll_ctl(poll_fd, EPOLL_CTL_ADD, fd, &event);
  return fd;
}

static void accept_all(int listener) {
  static unsigned serial = 0;
  for (;;) {
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), on = 1;
    if (fd < 0) return;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct connection *c = open_connection(fd, serial++);
    if (pump(c) < 0) close_connection(c);
  }
}

static void dial(unsigned port, unsigned network, unsigned serial) {
  for (int tries = 0; tries < 100; tries++) {
    int fd = dial_loopback(port, network, serial);
    if (fd >= 0) {
      struct connection *c = open_connection(fd, serial);
      if (pump(c) < 0) close_connection(c);
      return;
    }
    usleep(REDIAL_MS * 1000);
  }
  fail("nobody listens on port %u", port);
}

int main(int count, char **words) {
  signal(SIGPIPE, SIG_IGN);
  torrent = torrent_of(count, words);
  const char *path = word(count, words, "file", NULL);
  if (path == NULL) fail("wanted: file=PATH");
  content = map_file(path, torrent.total);
  alarm((unsigned)number(count, words, "seconds", 600));
  unsigned port = (unsigned)number(count, words, "port", 0), leecher = 0;
  unsigned network = (unsigned)number(count, words, "network", 0);
  unsigned connections = port != 0 ? 0 : (unsigned)number(count, words, "connections", 4);
  poll_fd = epoll_create1(EPOLL_CLOEXEC);
  int listener = port != 0 ? listen_on(port) : -1;
  puts("READY");
  fflush(stdout);
  if (port == 0 && scanf("dial %u", &leecher) != 1) return 0;
  for (unsigned serial = 0; serial < connections; serial++) dial(leecher, network, serial);
  struct epoll_event events[EVENTS];
  for (;;) {
    int ready = epoll_wait(poll_fd, events, EVENTS, -1);
    for (int at = 0; at < ready; at++) {
      struct connection *c = events[at].data.ptr;
      if (c == NULL) accept_all(listener);
      else if (serve(c, events[at].events) < 0) {
        unsigned serial = c->serial;
        close_connection(c);
        if (leecher != 0) {
          usleep(REDIAL_MS * 1000);
          dial(leecher, network, serial);
        }
      }
    }
  }
}
