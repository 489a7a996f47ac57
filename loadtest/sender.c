/* Posts HTTP requests, a new connection for each, and notes when each was due, sent and answered.
 *
 *   sender HOST PORT TEMPLATES RESULTS open COUNT RATE_PER_S LIMIT_S
 *   sender HOST PORT TEMPLATES RESULTS closed COUNT CONNECTIONS GAP_MS LIMIT_S
 *
 * open: request i is due at start + i / rate, whatever the answers do; rate 0 makes all due at once.
 * closed: CONNECTIONS callers, each waits for its answer and GAP_MS before the next.
 * LIMIT_S bounds the whole run. TEMPLATES holds requests, each behind its length (uint32, host
 * order), taken in turn; the run of # in one becomes the request's number. RESULTS gets a line per
 * request: number due_ns sent_ns answered_ns status alert_id, times since 1970, 0 and - for none.
 * C, because a sender that needs the core that its subject runs on measures itself.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { REQUEST_BYTES = 4096, ANSWER_BYTES = 2048, TEMPLATES_MAX = 1024, AT_ONCE = 64 };
static const int64_t SECOND_NS = 1000000000, PROGRESS_NS = 100000000;

struct template { char *text; size_t size; char *digits; int width; };
struct record { int64_t due, sent, answered; int status; char id[40]; };
struct connection {
    int fd;
    uint32_t number;
    size_t size, written, received;
    struct connection *next_free;
    char request[REQUEST_BYTES], answer[ANSWER_BYTES + 1];
};

static struct template templates[TEMPLATES_MAX];
static struct record *records;
static struct connection *unused;
static struct sockaddr_in target;
static size_t template_count;
static int poller, is_open_loop;
static uint32_t started, finished;
static int64_t gap_ns, next_due_ns[AT_ONCE * 64];
static size_t slots_waiting;

static int64_t now_ns(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return t.tv_sec * SECOND_NS + t.tv_nsec;
}

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static void read_templates(const char *path) {
    FILE *file = fopen(path, "rb");
    uint32_t size;
    if (!file) fail(path);
    while (template_count < TEMPLATES_MAX && fread(&size, sizeof size, 1, file) == 1) {
        struct template *t = &templates[template_count++];
        if (size > REQUEST_BYTES || !(t->text = malloc(size + 1)) || fread(t->text, 1, size, file) != size)
            fail("template");
        t->text[size] = 0;
        t->size = size;
        t->digits = strchr(t->text, '#');
        t->width = t->digits ? (int)strspn(t->digits, "#") : 0;
    }
    fclose(file);
    if (!template_count) fail("no template");
}

/* A reset instead of TIME_WAIT: tens of thousands of those would use up the ports. */
static void finish(struct connection *c) {
    struct linger reset = {1, 0};
    setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    close(c->fd);
    c->next_free = unused;
    unused = c;
    finished++;
    if (!is_open_loop) next_due_ns[slots_waiting++] = now_ns(CLOCK_MONOTONIC) + gap_ns;
}

/* True once the answer is whole: by its Content-Length, or by the server's close. */
static int is_whole(struct connection *c, int is_closed) {
    struct record *r = &records[c->number];
    c->answer[c->received] = 0;
    char *body = strstr(c->answer, "\r\n\r\n");
    if (!body) return 0;
    char *length = strcasestr(c->answer, "\r\ncontent-length:");
    size_t there = c->received - (size_t)(body + 4 - c->answer);
    int is_long_enough = length && length < body && (size_t)atol(length + 17) <= there;
    if (!is_long_enough && !is_closed && c->received < ANSWER_BYTES) return 0;
    r->answered = now_ns(CLOCK_REALTIME);
    sscanf(c->answer, "HTTP/%*s %d", &r->status);
    char *id = strstr(body, "\"alert_id\"");
    if (id) sscanf(id + 10, " : \"%39[^\"]", r->id);
    return 1;
}

static void step(struct connection *c) {
    while (c->written < c->size) {
        ssize_t n = send(c->fd, c->request + c->written, c->size - c->written, MSG_NOSIGNAL);
        if (n < 0 && (errno == EAGAIN || errno == ENOTCONN)) return;
        if (n < 0) return finish(c);
        c->written += (size_t)n;
    }
    for (;;) {
        ssize_t n = recv(c->fd, c->answer + c->received, ANSWER_BYTES - c->received, 0);
        if (n < 0 && errno == EAGAIN) return;
        if (n > 0) c->received += (size_t)n;
        if (is_whole(c, n <= 0) || n <= 0 || c->received == ANSWER_BYTES) return finish(c);
    }
}

static void start(int64_t due) {
    struct connection *c = unused;
    struct template *t = &templates[started % template_count];
    if (c) unused = c->next_free;
    else if (!(c = malloc(sizeof *c))) fail("malloc");
    c->number = started++;
    c->size = t->size;
    c->written = c->received = 0;
    memcpy(c->request, t->text, t->size);
    if (t->width) {
        char digits[32];
        snprintf(digits, sizeof digits, "%0*u", t->width, c->number);
        memcpy(c->request + (t->digits - t->text), digits, (size_t)t->width);
    }
    records[c->number].due = due;
    records[c->number].sent = now_ns(CLOCK_REALTIME);
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (c->fd < 0) fail("socket: raise the limit of open files (ulimit -n)");
    int one = 1;
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = c};
    epoll_ctl(poller, EPOLL_CTL_ADD, c->fd, &event);
    if (connect(c->fd, (struct sockaddr *)&target, sizeof target) < 0 && errno != EINPROGRESS) return finish(c);
    step(c);
}

/* Starts what is due; returns when the next is, or INT64_MAX. */
static int64_t start_due(int64_t base, int64_t to_real, uint32_t count, double rate) {
    for (int burst = 0; started < count; burst++) {
        int64_t due = INT64_MAX, now = now_ns(CLOCK_MONOTONIC);
        size_t slot = 0;
        if (is_open_loop) due = base + (rate > 0 ? (int64_t)(started * (double)SECOND_NS / rate) : 0);
        else for (size_t i = 0; i < slots_waiting; i++)
            if (next_due_ns[i] < due) due = next_due_ns[slot = i];
        if (due > now || burst == AT_ONCE) return due;
        if (!is_open_loop) next_due_ns[slot] = next_due_ns[--slots_waiting];
        start(due + to_real);
    }
    return INT64_MAX;
}

int main(int argc, char **argv) {
    if (argc < 9) return fprintf(stderr, "see the head of sender.c\n"), 2;
    uint32_t count = (uint32_t)atol(argv[6]);
    double rate = atof(argv[7]), limit_s = atof(argv[argc - 1]);
    is_open_loop = !strcmp(argv[5], "open");
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    prctl(PR_SET_TIMERSLACK, 1L);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    target = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[2]))};
    if (inet_pton(AF_INET, argv[1], &target.sin_addr) != 1) fail("HOST");
    read_templates(argv[3]);
    if (!(records = calloc(count ? count : 1, sizeof *records))) fail("calloc");
    poller = epoll_create1(0);
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    struct epoll_event tick = {.events = EPOLLIN, .data.ptr = NULL}, events[256];
    epoll_ctl(poller, EPOLL_CTL_ADD, timer, &tick);
    int64_t base = now_ns(CLOCK_MONOTONIC) + 10000000, to_real = now_ns(CLOCK_REALTIME) - now_ns(CLOCK_MONOTONIC);
    int64_t end = base + (int64_t)(limit_s * (double)SECOND_NS), progress = base;
    if (!is_open_loop) {
        gap_ns = (int64_t)(atof(argv[8]) * 1e6);
        while (slots_waiting < (size_t)rate && slots_waiting < sizeof next_due_ns / sizeof *next_due_ns)
            next_due_ns[slots_waiting++] = base;
    }
    while (finished < count) {
        int64_t due = start_due(base, to_real, count, rate), now = now_ns(CLOCK_MONOTONIC);
        if (now >= end) break;
        if (now >= progress) {
            printf("%u %u\n", started, finished);
            fflush(stdout);
            progress = now + PROGRESS_NS;
        }
        int64_t wake = due < progress ? due : progress;
        struct itimerspec at = {.it_value = {wake / SECOND_NS, wake % SECOND_NS}};
        timerfd_settime(timer, TFD_TIMER_ABSTIME, &at, NULL);
        int n = epoll_wait(poller, events, 256, -1);
        for (int i = 0; i < n; i++) {
            uint64_t expirations;
            if (events[i].data.ptr) step(events[i].data.ptr);
            else if (read(timer, &expirations, sizeof expirations) < 0 && errno != EAGAIN) fail("timer");
        }
    }
    FILE *results = fopen(argv[4], "w");
    if (!results) fail(argv[4]);
    for (uint32_t i = 0; i < started; i++) {
        struct record *r = &records[i];
        fprintf(results, "%u %lld %lld %lld %d %s\n", i, (long long)r->due, (long long)r->sent,
                (long long)r->answered, r->status, r->id[0] ? r->id : "-");
    }
    return fclose(results) ? 1 : 0;
}
