/* Load for trackers over loopback: announces over UDP (BEP 15) or HTTP with keep-alive, with many requests in flight.
 * Words: mode=udp|http port=N flows=N window=N seconds=S torrents=N peers=N first=N fill=0|1 wanted=N
 * With mode=hashes it prints the info-hashes of the torrents instead. Any answer counts, so an echo can be measured too. */
#include "../../peers/native/common.h"
#include <poll.h>
#include <sys/epoll.h>

enum { CONNECT_BYTES = 16, ANNOUNCE_BYTES = 98, FLOWS_MAX = 1024, SLOTS_MAX = 65536, HTTP_BYTES = 4096 };

static double now_s(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec * 1e-9;
}

/* splitmix64 (Steele et al.): the same torrents and peers in every run. */
static uint64_t mix(uint64_t x) {
  x += 0x9e3779b97f4a7c15ull;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
  return x ^ (x >> 31);
}

static void hash_of(uint32_t torrent, uint8_t *out) {
  for (int i = 0; i < 3; i++) {
    uint64_t word = mix((uint64_t)torrent * 3 + i);
    memcpy(out + 8 * i, &word, i == 2 ? 4 : 8);
  }
}

static void put32(uint8_t *at, uint32_t value) {
  value = htonl(value);
  memcpy(at, &value, 4);
}

static uint64_t flows, window, torrents, peers, next_peer, fill, wanted;
static double sent_at[SLOTS_MAX];
static uint32_t *took_us;
static uint64_t took_count, took_max;

/* Which peer announces next: all of them once to fill the tracker, then any of them. */
static uint64_t draw(void) {
  uint64_t peer = next_peer++;
  return fill ? peer % peers : mix(peer) % peers;
}

static uint16_t port_of(uint64_t peer) { return 1024 + (peer / torrents * 7919 + peer % 64499) % 64000; }

static size_t udp_announce(uint8_t *out, const uint8_t *id, uint32_t transaction) {
  uint64_t peer = draw();
  uint16_t port = htons(port_of(peer));
  memset(out, 0, ANNOUNCE_BYTES);
  memcpy(out, id, 8);
  put32(out + 8, 1);
  put32(out + 12, transaction);
  hash_of(peer % torrents, out + 16);
  memcpy(out + 36, "-XX0000-000000000000", 20);
  put32(out + 68, peer % 3);
  put32(out + 80, fill ? 2 : 0);
  put32(out + 92, wanted);
  memcpy(out + 96, &port, 2);
  return ANNOUNCE_BYTES;
}

static size_t http_announce(char *out) {
  uint8_t hash[24];
  char text[64];
  uint64_t peer = draw();
  hash_of(peer % torrents, hash);
  for (int i = 0; i < HASH_BYTES; i++) snprintf(text + 3 * i, 4, "%%%02x", hash[i]);
  return (size_t)snprintf(out, HTTP_BYTES,
                          "GET /announce?info_hash=%s&peer_id=-XX0000-000000000000&port=%u&uploaded=0&downloaded=0"
                          "&left=%u&compact=1&numwant=%u HTTP/1.1\r\nHost: t\r\n\r\n",
                          text, port_of(peer), (unsigned)(peer % 3), (unsigned)wanted);
}

static void note(double since) {
  double us = (now_s() - since) * 1e6;
  if (took_count < took_max) took_us[took_count++] = us > 4e9 ? 4000000000u : (uint32_t)us;
}

static int compare(const void *a, const void *b) {
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return x < y ? -1 : x > y;
}

static void report(uint64_t done, uint64_t lost, double seconds) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  double cpu = usage.ru_utime.tv_sec + usage.ru_utime.tv_usec * 1e-6 + usage.ru_stime.tv_sec + usage.ru_stime.tv_usec * 1e-6;
  qsort(took_us, took_count, sizeof *took_us, compare);
  double p50 = took_count ? took_us[took_count / 2] / 1e3 : 0, p99 = took_count ? took_us[took_count * 99 / 100] / 1e3 : 0;
  printf("{\"done\":%llu,\"lost\":%llu,\"seconds\":%.4f,\"p50Ms\":%.3f,\"p99Ms\":%.3f,\"cpuSeconds\":%.3f}\n",
         (unsigned long long)done, (unsigned long long)lost, seconds, p50, p99, cpu);
}

static int flow_to(int type, uint16_t port) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int flow = socket(AF_INET, type, 0), one = 1, bytes = 4 << 20;
  if (flow < 0 || connect(flow, (struct sockaddr *)&to, sizeof to) < 0) fail("cannot reach port %u", port);
  if (type == SOCK_STREAM) setsockopt(flow, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  else setsockopt(flow, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
  fcntl(flow, F_SETFL, O_NONBLOCK);
  return flow;
}

static void udp_connect(int flow, uint8_t *id) {
  uint8_t ask[CONNECT_BYTES], answer[2048];
  put32(ask, 0x417);
  put32(ask + 4, 0x27101980);
  put32(ask + 8, 0);
  put32(ask + 12, 7);
  for (int attempt = 0; attempt < 20; attempt++) {
    struct pollfd wait = {.fd = flow, .events = POLLIN};
    if (send(flow, ask, sizeof ask, 0) < 0) fail("cannot send");
    if (poll(&wait, 1, 500) > 0 && recv(flow, answer, sizeof answer, 0) >= CONNECT_BYTES) {
      memcpy(id, answer + 8, 8);
      return;
    }
  }
  fail("no answer to a connect");
}

static void run_udp(uint16_t port, double seconds) {
  static uint8_t ids[FLOWS_MAX][8];
  int fds[FLOWS_MAX], poller = epoll_create1(0);
  uint64_t done = 0, lost = 0, limit = fill ? peers : ~0ull, started = 0;
  uint8_t bytes[2048];
  for (uint64_t i = 0; i < flows; i++) {
    fds[i] = flow_to(SOCK_DGRAM, port);
    udp_connect(fds[i], ids[i]);
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = i};
    epoll_ctl(poller, EPOLL_CTL_ADD, fds[i], &event);
  }
  double begin = now_s(), end = begin + seconds, checked = begin;
  for (uint64_t i = 0; i < flows; i++)
    for (uint64_t w = 0; w < window && started < limit; w++, started++) {
      uint32_t slot = i * window + w;
      sent_at[slot] = now_s();
      send(fds[i], bytes, udp_announce(bytes, ids[i], slot), 0);
    }
  while (now_s() < end && done + lost < limit) {
    struct epoll_event events[64];
    int count = epoll_wait(poller, events, 64, 100);
    for (int e = 0; e < count; e++) {
      uint64_t i = events[e].data.u64;
      ssize_t length;
      while ((length = recv(fds[i], bytes, sizeof bytes, 0)) >= 8) {
        /* An echo has the transaction where a request has it. */
        uint32_t answer_to;
        memcpy(&answer_to, bytes + (length == ANNOUNCE_BYTES && bytes[11] == 1 && memcmp(bytes, ids[i], 8) == 0 ? 12 : 4), 4);
        uint32_t slot = ntohl(answer_to);
        if (slot >= flows * window || sent_at[slot] == 0) continue;
        note(sent_at[slot]);
        done++;
        sent_at[slot] = 0;
        if (started++ >= limit) continue;
        sent_at[slot] = now_s();
        send(fds[i], bytes, udp_announce(bytes, ids[i], slot), 0);
      }
    }
    if (now_s() - checked < 0.5) continue;
    checked = now_s();
    for (uint64_t slot = 0; slot < flows * window; slot++) {
      if (sent_at[slot] == 0 || checked - sent_at[slot] < 0.5) continue;
      lost++;
      sent_at[slot] = checked;
      send(fds[slot / window], bytes, udp_announce(bytes, ids[slot / window], slot), 0);
    }
  }
  report(done, lost, now_s() - begin);
}

struct http_flow {
  int fd;
  size_t have;
  char bytes[HTTP_BYTES];
  double since;
};

/* The length of the first whole answer in the buffer, 0 when there is none. */
static size_t whole_answer(struct http_flow *flow) {
  flow->bytes[flow->have] = 0;
  char *end = strstr(flow->bytes, "\r\n\r\n"), *length = strcasestr(flow->bytes, "content-length:");
  if (end == NULL) return 0;
  size_t total = (size_t)(end - flow->bytes) + 4 + (length != NULL && length < end ? strtoul(length + 15, NULL, 10) : 0);
  return flow->have >= total ? total : 0;
}

static void http_send(struct http_flow *flow) {
  char request[HTTP_BYTES];
  size_t length = http_announce(request);
  flow->since = now_s();
  if (send(flow->fd, request, length, MSG_NOSIGNAL) != (ssize_t)length) fail("a connection broke");
}

static void run_http(uint16_t port, double seconds) {
  struct http_flow *all = calloc(flows, sizeof *all);
  int poller = epoll_create1(0);
  uint64_t done = 0;
  for (uint64_t i = 0; i < flows; i++) {
    all[i].fd = flow_to(SOCK_STREAM, port);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = &all[i]};
    epoll_ctl(poller, EPOLL_CTL_ADD, all[i].fd, &event);
  }
  double begin = now_s(), end = begin + seconds;
  for (uint64_t i = 0; i < flows; i++) http_send(&all[i]);
  while (now_s() < end) {
    struct epoll_event events[64];
    int count = epoll_wait(poller, events, 64, 100);
    for (int e = 0; e < count; e++) {
      struct http_flow *flow = events[e].data.ptr;
      ssize_t length = recv(flow->fd, flow->bytes + flow->have, HTTP_BYTES - 1 - flow->have, 0);
      if (length <= 0) fail("a connection was closed");
      flow->have += (size_t)length;
      size_t total = whole_answer(flow);
      if (total == 0) continue;
      note(flow->since);
      done++;
      flow->have = 0;
      http_send(flow);
    }
  }
  report(done, 0, now_s() - begin);
}

int main(int count, char **words) {
  const char *mode = word(count, words, "mode", "udp");
  flows = number(count, words, "flows", 16);
  window = number(count, words, "window", 16);
  torrents = number(count, words, "torrents", 100000);
  peers = number(count, words, "peers", 1000000);
  next_peer = number(count, words, "first", 0);
  fill = number(count, words, "fill", 0);
  wanted = number(count, words, "wanted", 50);
  double seconds = (double)number(count, words, "seconds", 5);
  if (flows < 1 || flows > FLOWS_MAX || window < 1 || flows * window > SLOTS_MAX || torrents < 1 || peers < 1)
    fail("flows, window, torrents or peers out of range");
  if (strcmp(mode, "hashes") == 0) {
    for (uint64_t i = 0; i < torrents; i++) {
      uint8_t hash[24];
      hash_of(i, hash);
      for (int at = 0; at < HASH_BYTES; at++) printf("%02X", hash[at]);
      putchar('\n');
    }
    return 0;
  }
  took_max = 1 << 22;
  took_us = malloc(took_max * sizeof *took_us);
  uint16_t port = (uint16_t)number(count, words, "port", 0);
  if (strcmp(mode, "http") == 0) run_http(port, seconds);
  else run_udp(port, seconds);
  return 0;
}
