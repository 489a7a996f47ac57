/* What libzmq itself does on a leg: no codec, frames of equal size. See loadtest/zmq_peer.py for the
 * subject, which takes the same arguments and writes the same files.
 *
 *   leg push   ENDPOINT SIZE COUNT RATE_PER_S TIMES   binds; rate 0: as fast as it goes
 *   leg pull   ENDPOINT SIZE COUNT RATE_PER_S TIMES   connects
 *   leg dealer ENDPOINT SIZE COUNT WINDOW TIMES       connects; WINDOW requests are under way
 *   leg router ENDPOINT SIZE COUNT WINDOW -           binds; answers each
 *
 * TIMES gets int64 nanoseconds of CLOCK_MONOTONIC: push when each was due, pull when each arrived,
 * dealer how long each took; then, last, the time between the first and the last arrival.
 * push and router stay until SIGTERM.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

static int64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void check(int result, const char *what) {
    if (result >= 0) return;
    fprintf(stderr, "%s: %s\n", what, zmq_strerror(zmq_errno()));
    exit(1);
}

static void sleep_until(int64_t due) {
    struct timespec t = {due / 1000000000, due % 1000000000};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
}

static void push(void *socket, char *frame, size_t size, int64_t count, double rate, int64_t *times) {
    check(zmq_send(socket, frame, size, 0), "send"); /* Number 0 tells that the peer is there. */
    int64_t base = now_ns() + 100000000;
    for (int64_t i = 1; i < count; i++) {
        times[i] = base + (rate > 0 ? (int64_t)((double)i * 1e9 / rate) : 0);
        if (rate > 0) sleep_until(times[i]);
        memcpy(frame, &i, sizeof i);
        check(zmq_send(socket, frame, size, 0), "send");
    }
}

static void pull(void *socket, char *frame, size_t size, int64_t count, int64_t *times) {
    int64_t number, first = 0;
    for (int64_t i = 0; i < count; i++) {
        check(zmq_recv(socket, frame, size, 0), "recv");
        memcpy(&number, frame, sizeof number);
        if (number >= 0 && number < count) times[number] = now_ns();
        if (i == 1) first = now_ns();
    }
    times[count] = now_ns() - first;
}

static void dealer(void *socket, char *frame, size_t size, int64_t count, int64_t window, int64_t *times) {
    int64_t sent = 0, number, first = now_ns();
    for (int64_t received = 0; received < count; received++) {
        for (; sent < count && sent < received + window; sent++) {
            memcpy(frame, &sent, sizeof sent);
            times[sent] = now_ns();
            check(zmq_send(socket, frame, size, 0), "send");
        }
        check(zmq_recv(socket, frame, size, 0), "recv");
        memcpy(&number, frame, sizeof number);
        if (number >= 0 && number < count) times[number] = now_ns() - times[number];
        if (!received) first = now_ns();
    }
    times[count] = now_ns() - first;
}

static void router(void *socket, char *frame, size_t size, int64_t count) {
    char identity[256];
    for (int64_t i = 0; i < count; i++) {
        int length = zmq_recv(socket, identity, sizeof identity, 0);
        check(length, "recv");
        check(zmq_recv(socket, frame, size, 0), "recv");
        check(zmq_send(socket, identity, (size_t)length, ZMQ_SNDMORE), "send");
        check(zmq_send(socket, frame, size, 0), "send");
    }
}

/* Whole or not at all: the reader waits for the name. */
static void write_times(const char *path, const int64_t *times, size_t count) {
    char draft[4096];
    snprintf(draft, sizeof draft, "%s.draft", path);
    FILE *file = fopen(draft, "wb");
    if (file && fwrite(times, sizeof *times, count, file) == count && !fclose(file) && !rename(draft, path)) return;
    perror(path);
    exit(1);
}

int main(int argc, char **argv) {
    if (argc != 7) return fprintf(stderr, "see the head of leg.c\n"), 2;
    const char *role = argv[1];
    size_t size = (size_t)atol(argv[3]);
    int64_t count = atoll(argv[4]), *times = calloc((size_t)count + 1, sizeof *times);
    int is_push = !strcmp(role, "push"), is_pull = !strcmp(role, "pull"), is_dealer = !strcmp(role, "dealer");
    char *frame = calloc(1, size < 8 ? 8 : size);
    prctl(PR_SET_TIMERSLACK, 1L);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    void *context = zmq_ctx_new();
    void *socket = zmq_socket(context, is_push ? ZMQ_PUSH : is_pull ? ZMQ_PULL : is_dealer ? ZMQ_DEALER : ZMQ_ROUTER);
    int one = 1;
    zmq_setsockopt(socket, ZMQ_IMMEDIATE, &one, sizeof one);
    check(is_pull || is_dealer ? zmq_connect(socket, argv[2]) : zmq_bind(socket, argv[2]), argv[2]);
    if (is_push) push(socket, frame, size, count, atof(argv[5]), times);
    else if (is_pull) pull(socket, frame, size, count, times);
    else if (is_dealer) dealer(socket, frame, size, count, atoll(argv[5]), times);
    else router(socket, frame, size, count);
    if (strcmp(argv[6], "-")) write_times(argv[6], times, (size_t)count + 1);
    /* The last frames may still be on their way out: whoever sends them stays until it is stopped. */
    if (is_push || !(is_pull || is_dealer)) pause();
    return 0;
}
