/* The least that the way of an alert can cost: the same hops, nothing decided, nothing parsed.
 *
 *   chain front  HTTP_PORT LOG ALERTS_ENDPOINT         HTTP, append, fdatasync, PUSH, 200
 *   chain middle ALERTS_ENDPOINT COMMANDS_ENDPOINT     PULL, DEALER
 *   chain back   COMMANDS_ENDPOINT LOG SINK_PORT       ROUTER, append, fdatasync, TCP; LOG - for none
 *   chain sink   SINK_PORT ARRIVALS                    notes when each order's bytes came
 *
 * One thread each. What arrived while a sync was under way shares the next one.
 * ARRIVALS gets a line per order: alert_id, nanoseconds since 1970.
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
#include <time.h>
#include <unistd.h>
#include <zmq.h>

enum { REQUEST_BYTES = 4096, ORDER_BYTES = 200, BATCH = 512, ID_BYTES = 26 };
struct request { int fd; size_t size, body; char text[REQUEST_BYTES + 1]; };

static void check(long result, const char *what) {
    if (result >= 0) return;
    fprintf(stderr, "%s: %s\n", what, zmq_strerror(errno));
    exit(1);
}

static int tcp(const char *port, int listens) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (listens) check(bind(fd, (struct sockaddr *)&at, sizeof at) | listen(fd, 4096), "listen");
    else check(connect(fd, (struct sockaddr *)&at, sizeof at), "connect");
    return fd;
}

static void *socket_at(void *context, int kind, const char *endpoint, int binds) {
    void *socket = zmq_socket(context, kind);
    int one = 1;
    zmq_setsockopt(socket, ZMQ_IMMEDIATE, &one, sizeof one);
    check(binds ? zmq_bind(socket, endpoint) : zmq_connect(socket, endpoint), endpoint);
    return socket;
}

static int log_at(const char *path) {
    int fd = strcmp(path, "-") ? open(path, O_WRONLY | O_CREAT | O_APPEND, 0600) : -1;
    if (strcmp(path, "-")) check(fd, path);
    return fd;
}

/* 1 once the request is whole, its body begins at `body`; -1 when the peer has gone. */
static int take(struct request *r) {
    for (;;) {
        ssize_t n = recv(r->fd, r->text + r->size, REQUEST_BYTES - r->size, MSG_DONTWAIT);
        if (n <= 0) return n < 0 && errno == EAGAIN ? 0 : -1;
        r->size += (size_t)n;
        r->text[r->size] = 0;
        char *end = strstr(r->text, "\r\n\r\n"), *length = strcasestr(r->text, "content-length:");
        r->body = end ? (size_t)(end + 4 - r->text) : 0;
        if (end && r->size >= r->body + (length && length < end ? (size_t)atol(length + 15) : 0)) return 1;
    }
}

static void front(const char *port, const char *path, const char *endpoint) {
    static struct request *ready[BATCH];
    int listener = tcp(port, 1), poller = epoll_create1(0), file = log_at(path), one = 1;
    void *alerts = socket_at(zmq_ctx_new(), ZMQ_PUSH, endpoint, 1);
    struct epoll_event event = {.events = EPOLLIN}, events[BATCH];
    unsigned long number = 0;
    fcntl(listener, F_SETFL, O_NONBLOCK);
    epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        int count = 0, n = epoll_wait(poller, events, BATCH, -1);
        for (int i = 0; i < n; i++) {
            struct request *r = events[i].data.ptr;
            int state = r ? take(r) : 0;
            if (state > 0) ready[count++] = r;
            if (state < 0) { close(r->fd); free(r); }
            for (int fd = 0; !r && count < BATCH && (fd = accept4(listener, NULL, NULL, 0)) >= 0;) {
                struct request *fresh = calloc(1, sizeof *fresh);
                fresh->fd = fd;
                setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
                if (take(fresh) > 0) { ready[count++] = fresh; continue; }
                struct epoll_event waiting = {.events = EPOLLIN, .data.ptr = fresh};
                epoll_ctl(poller, EPOLL_CTL_ADD, fd, &waiting);
            }
        }
        for (int i = 0; i < count; i++)
            check(write(file, ready[i]->text + ready[i]->body, ready[i]->size - ready[i]->body), "write");
        if (count) check(fdatasync(file), "fdatasync");
        for (int i = 0; i < count; i++) {
            struct request *r = ready[i];
            char *frame = r->text + r->body - ID_BYTES, id[ID_BYTES + 1], answer[256];
            snprintf(id, sizeof id, "%026lu", number++);
            memcpy(frame, id, ID_BYTES); /* Over the head, which is done with. */
            check(zmq_send(alerts, frame, r->size - r->body + ID_BYTES, 0), "push");
            int size = snprintf(answer, sizeof answer, "HTTP/1.1 200 OK\r\nContent-Length: 42\r\n"
                                "Connection: close\r\n\r\n{\"alert_id\": \"%s\"}", id);
            send(r->fd, answer, (size_t)size, MSG_NOSIGNAL);
            close(r->fd);
            free(r);
        }
    }
}

static void middle(const char *from, const char *to) {
    void *context = zmq_ctx_new(), *alerts = socket_at(context, ZMQ_PULL, from, 0);
    void *commands = socket_at(context, ZMQ_DEALER, to, 0);
    zmq_pollitem_t items[] = {{alerts, 0, ZMQ_POLLIN, 0}, {commands, 0, ZMQ_POLLIN, 0}};
    char frame[REQUEST_BYTES];
    for (;;) {
        check(zmq_poll(items, 2, -1), "poll");
        while (zmq_recv(commands, frame, sizeof frame, ZMQ_DONTWAIT) >= 0);
        int size = zmq_recv(alerts, frame, sizeof frame, ZMQ_DONTWAIT);
        for (; size >= 0; size = zmq_recv(alerts, frame, sizeof frame, ZMQ_DONTWAIT))
            check(zmq_send(commands, frame, (size_t)size, 0), "dealer");
    }
}

static void back(const char *from, const char *path, const char *port) {
    void *commands = socket_at(zmq_ctx_new(), ZMQ_ROUTER, from, 1);
    static char identities[BATCH][64], frames[BATCH][REQUEST_BYTES];
    static int lengths[BATCH];
    int broker = tcp(port, 0), file = log_at(path);
    for (;;) {
        int count = 0;
        while (count < BATCH) {
            int length = zmq_recv(commands, identities[count], 64, count ? ZMQ_DONTWAIT : 0);
            if (length < 0 && errno == EAGAIN) break;
            check(length, "router");
            lengths[count] = length;
            int size = zmq_recv(commands, frames[count], REQUEST_BYTES, 0);
            if (file >= 0) check(write(file, frames[count], (size_t)size), "write");
            count++;
        }
        if (file >= 0) check(fdatasync(file), "fdatasync");
        for (int i = 0; i < count; i++) check(send(broker, frames[i], ORDER_BYTES, 0), "send");
        for (int i = 0; i < count; i++) {
            check(zmq_send(commands, identities[i], (size_t)lengths[i], ZMQ_SNDMORE), "reply");
            check(zmq_send(commands, frames[i], ORDER_BYTES, 0), "reply");
        }
    }
}

static void sink(const char *port, const char *path) {
    int listener = tcp(port, 1), broker = accept(listener, NULL, NULL);
    static char orders[BATCH * ORDER_BYTES];
    FILE *file = fopen(path, "w");
    size_t kept = 0;
    for (ssize_t n; file && (n = recv(broker, orders + kept, sizeof orders - kept, 0)) > 0;) {
        struct timespec t;
        clock_gettime(CLOCK_REALTIME, &t);
        size_t at = 0, there = kept + (size_t)n;
        for (; at + ORDER_BYTES <= there; at += ORDER_BYTES)
            fprintf(file, "%.*s %lld\n", ID_BYTES, orders + at, t.tv_sec * 1000000000LL + t.tv_nsec);
        fflush(file);
        memmove(orders, orders + at, kept = there - at);
    }
}

int main(int argc, char **argv) {
    const char *role = argc > 3 ? argv[1] : "";
    prctl(PR_SET_TIMERSLACK, 1L);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    signal(SIGPIPE, SIG_IGN);
    if (!strcmp(role, "front") && argc == 5) front(argv[2], argv[3], argv[4]);
    else if (!strcmp(role, "middle") && argc == 4) middle(argv[2], argv[3]);
    else if (!strcmp(role, "back") && argc == 5) back(argv[2], argv[3], argv[4]);
    else if (!strcmp(role, "sink") && argc == 4) sink(argv[2], argv[3]);
    else return fprintf(stderr, "see the head of chain.c\n"), 2;
    return 1;
}
