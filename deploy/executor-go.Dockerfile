# The executor in Go, alone in its image: it has no Python.
#   docker build -f deploy/executor-go.Dockerfile -t alertwire-executor-go .
# Arguments as in deploy/Dockerfile; behind a mirror of Go modules: --build-arg GOPROXY=…
ARG BASE_IMAGE=debian:bookworm-slim

FROM ${BASE_IMAGE} AS build
RUN apt-get update \
 && apt-get install -y --no-install-recommends \
      ca-certificates gcc golang-go libc6-dev libzmq3-dev make pkg-config \
 && rm -rf /var/lib/apt/lists/*
ARG GOPROXY
ARG GOSUMDB
WORKDIR /src
# The toolchain and the modules change less often than the code.
COPY deploy/setup-go.sh deploy/
COPY consumer/go/go.mod consumer/go/go.sum consumer/go/
RUN sh deploy/setup-go.sh && cd consumer/go && /src/build/go/bin/go mod download
COPY Makefile pyproject.toml ./
COPY consumer/go consumer/go
RUN make build/executor-go

FROM ${BASE_IMAGE} AS executor-go
RUN apt-get update \
 && apt-get install -y --no-install-recommends libzmq5 \
 && rm -rf /var/lib/apt/lists/* \
 && groupadd --gid 10001 alertwire \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/alertwire \
      --shell /usr/sbin/nologin alertwire \
 && install -d -m 0700 -o alertwire -g alertwire /var/lib/alertwire /var/lib/alertwire/keys \
      /var/lib/alertwire/keys/bus \
 && install -d /etc/alertwire
COPY --from=build /src/build/executor-go /usr/local/bin/
ENV LANG=C.UTF-8 \
    ALERTWIRE_HOME=/var/lib/alertwire \
    ALERTWIRE_CONFIG=/etc/alertwire/alertwire.toml \
    ALERTWIRE_LOG_FORMAT=json \
    ALERTWIRE_CONSUMER_HEALTH_PORT=9101
USER 10001:10001
WORKDIR /var/lib/alertwire
# No HTTP client is in here; bash can speak TCP.
HEALTHCHECK --interval=5s --timeout=5s --start-period=30s --retries=3 \
  CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/9101 && printf 'GET /readyz HTTP/1.0\\r\\n\\r\\n' >&3 && head -1 <&3 | grep -q 200"]
ENTRYPOINT ["executor-go"]
