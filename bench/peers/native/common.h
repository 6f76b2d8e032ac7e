/* What sink.c and source.c share: words of the command line, clocks, the opening of the peer protocol (BEP 3). */
#ifndef ALLIUM_BENCH_COMMON_H
#define ALLIUM_BENCH_COMMON_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { BLOCK_BYTES = 16384, HANDSHAKE_BYTES = 68, HASH_BYTES = 20 };
enum { CHOKE = 0, UNCHOKE = 1, INTERESTED = 2, HAVE = 4, BITFIELD = 5, REQUEST = 6, PIECE = 7, HAVE_ALL = 14 };

/* What the torrent looks like from the wire. */
struct torrent {
  uint8_t hash[HASH_BYTES];
  uint32_t pieces;
  uint64_t piece_length, total;
};

static inline void fail(const char *format, ...) {
  va_list list;
  va_start(list, format);
  vfprintf(stderr, format, list);
  va_end(list);
  fputc('\n', stderr);
  exit(2);
}

/* The value of key=value among the words, or `otherwise`. */
static inline const char *word(int count, char **words, const char *key, const char *otherwise) {
  size_t length = strlen(key);
  for (int at = 1; at < count; at++)
    if (strncmp(words[at], key, length) == 0 && words[at][length] == '=') return words[at] + length + 1;
  return otherwise;
}

static inline uint64_t number(int count, char **words, const char *key, uint64_t otherwise) {
  const char *text = word(count, words, key, NULL);
  return text == NULL ? otherwise : strtoull(text, NULL, 10);
}

static inline struct torrent torrent_of(int count, char **words) {
  struct torrent t = {.pieces = (uint32_t)number(count, words, "pieces", 0),
                      .piece_length = number(count, words, "piece-length", 0),
                      .total = number(count, words, "total", 0)};
  const char *hex = word(count, words, "hash", "");
  if (strlen(hex) != 2 * HASH_BYTES || t.pieces == 0 || t.piece_length == 0 || t.total == 0)
    fail("wanted: hash=HEX pieces=N piece-length=BYTES total=BYTES");
  for (int at = 0; at < HASH_BYTES; at++) {
    unsigned byte;
    if (sscanf(hex + 2 * at, "%2x", &byte) != 1) fail("bad hash");
    t.hash[at] = (uint8_t)byte;
  }
  return t;
}

static inline uint64_t piece_bytes(const struct torrent *t, uint32_t piece) {
  uint64_t start = (uint64_t)piece * t->piece_length;
  return t->total - start < t->piece_length ? t->total - start : t->piece_length;
}

static inline double seconds_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static inline double cpu_seconds(void) {
  struct rusage use;
  getrusage(RUSAGE_SELF, &use);
  return (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
         (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) * 1e-6;
}

static inline uint32_t load32(const uint8_t *at) {
  uint32_t value;
  memcpy(&value, at, 4);
  return ntohl(value);
}

static inline void store32(uint8_t *at, uint32_t value) {
  value = htonl(value);
  memcpy(at, &value, 4);
}

/* The 68 bytes of the handshake, without any extension. `tag` opens the peer id, `serial` tells peers apart. */
static inline void write_handshake(uint8_t *out, const struct torrent *t, const char *tag, uint32_t serial) {
  memset(out, 0, HANDSHAKE_BYTES);
  out[0] = 19;
  memcpy(out + 1, "BitTorrent protocol", 19);
  memcpy(out + 28, t->hash, HASH_BYTES);
  char id[21];
  snprintf(id, sizeof id, "-%.2s0001-%06u%06u", tag, (unsigned)getpid() % 1000000u, serial % 1000000u);
  memcpy(out + 48, id, 20);
}

/* An address of its own for each connection, since some peers take only one connection from each. */
static inline void bind_own_address(int fd, unsigned network, unsigned serial) {
  struct sockaddr_in own = {.sin_family = AF_INET};
  own.sin_addr.s_addr = htonl(0x7f000000u | (network % 200 + 20) << 16 | serial / 250 % 250 << 8 | (serial % 250 + 1));
  int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(fd, (struct sockaddr *)&own, sizeof own) != 0) fail("cannot bind a loopback address: %s", strerror(errno));
}

static inline int dial_loopback(unsigned port, unsigned network, unsigned serial) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
  if (fd < 0) fail("no socket: %s", strerror(errno));
  bind_own_address(fd, network, serial);
  struct sockaddr_in peer = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  peer.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd, (struct sockaddr *)&peer, sizeof peer) != 0) {
    close(fd);
    return -1;
  }
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  fcntl(fd, F_SETFL, O_NONBLOCK);
  return fd;
}

/* The whole file, with its pages mapped already, so that page faults are nobody's cost. */
static inline uint8_t *map_file(const char *path, uint64_t bytes) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  struct stat facts;
  if (fd < 0 || fstat(fd, &facts) != 0) fail("%s: %s", path, strerror(errno));
  if ((uint64_t)facts.st_size != bytes) fail("%s has not the length of the torrent", path);
  uint8_t *map = mmap(NULL, bytes, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0);
  if (map == MAP_FAILED) fail("cannot map %s: %s", path, strerror(errno));
  close(fd);
  return map;
}

#endif
