/*
 * Load for a DHT node: load PORT KIND SECONDS WINDOW. Keeps WINDOW queries (ping, find_node, get_peers) under way to
 * 127.0.0.1:PORT and prints one JSON object: answers, their rate, mean length, 50th and 99th percentile of the wait in
 * microseconds, queries lost. An echo answers too: whatever comes back with the slot number in it counts.
 */
#include <arpa/inet.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define SLOTS_MAX 256
#define LOST_NS 500000000LL
#define BINS 20000

static int64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static uint64_t state = 88172645463325252ULL;
static uint64_t chance(void) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state;
}
static void fill(char *to, int length) {
  for (int i = 0; i < length; i++) to[i] = (char)chance();
}

/* Transaction "zz" and two letters that name the slot: found again in any answer, also in an echo. */
static int make(char *out, const char *kind, int slot, const char *id) {
  char target[20];
  fill(target, 20);
  char *p = out;
  memcpy(p, "d1:ad2:id20:", 12), p += 12;
  memcpy(p, id, 20), p += 20;
  if (!strcmp(kind, "find_node")) memcpy(p, "6:target20:", 11), p += 11, memcpy(p, target, 20), p += 20;
  if (!strcmp(kind, "get_peers")) memcpy(p, "9:info_hash20:", 14), p += 14, memcpy(p, target, 20), p += 20;
  p += sprintf(p, "e1:q%zu:%s2:roi1e1:t4:zz%c%c1:y1:qe", strlen(kind), kind, 'A' + slot / 16, 'a' + slot % 16);
  return (int)(p - out);
}

int main(int argc, char **argv) {
  if (argc < 5) return 2;
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  const char *kind = argv[2];
  double seconds = atof(argv[3]);
  int window = atoi(argv[4]);
  if (window < 1 || window > SLOTS_MAX) return 2;
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  int room = 1 << 22;
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
  if (connect(fd, (struct sockaddr *)&to, sizeof to) != 0) return 3;
  char id[20], buffer[4096];
  fill(id, 20);
  static int64_t sent[SLOTS_MAX];
  static uint32_t bins[BINS];
  int64_t start = now_ns(), end = start + (int64_t)(seconds * 1e9), checked = start;
  uint64_t answers = 0, bytes = 0, lost = 0;
  for (int i = 0; i < window; i++) {
    sent[i] = now_ns();
    send(fd, buffer, make(buffer, kind, i, id), 0);
  }
  for (;;) {
    int64_t t = now_ns();
    if (t >= end) break;
    if (t - checked > 100000000LL) {
      checked = t;
      for (int i = 0; i < window; i++) {
        if (t - sent[i] < LOST_NS) continue;
        lost++;
        sent[i] = t;
        send(fd, buffer, make(buffer, kind, i, id), 0);
      }
    }
    struct pollfd p = {.fd = fd, .events = POLLIN};
    ssize_t length = recv(fd, buffer, sizeof buffer, MSG_DONTWAIT);
    if (length < 0) {
      poll(&p, 1, 20);
      continue;
    }
    char *found = memmem(buffer, length, "1:t4:zz", 7);
    if (found == NULL) continue;
    int slot = (found[7] - 'A') * 16 + (found[8] - 'a');
    if (slot < 0 || slot >= window) continue;
    t = now_ns();
    int64_t bin = (t - sent[slot]) / 1000;
    bins[bin < BINS ? bin : BINS - 1]++;
    answers++;
    bytes += length;
    sent[slot] = t;
    send(fd, buffer, make(buffer, kind, slot, id), 0);
  }
  double took = (now_ns() - start) / 1e9;
  uint64_t seen = 0;
  int p50 = 0, p99 = 0;
  for (int i = 0; i < BINS; i++) {
    seen += bins[i];
    if (p50 == 0 && seen * 2 >= answers) p50 = i;
    if (p99 == 0 && seen * 100 >= answers * 99) p99 = i;
  }
  printf("{\"answers\":%lu,\"perSec\":%.1f,\"bytes\":%.1f,\"p50Us\":%d,\"p99Us\":%d,\"lost\":%lu}\n", answers, answers / took,
         answers ? (double)bytes / answers : 0.0, p50, p99, lost);
  return 0;
}
