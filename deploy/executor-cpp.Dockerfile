# The executor in C++, alone in its image: it has no Python.
#   docker build -f deploy/executor-cpp.Dockerfile -t alertwire-executor-cpp .
# Arguments as in deploy/Dockerfile.
ARG BASE_IMAGE=debian:bookworm-slim

FROM ${BASE_IMAGE} AS build
RUN apt-get update \
 && apt-get install -y --no-install-recommends \
      cmake cppzmq-dev g++ libc6-dev libprotobuf-dev libtomlplusplus-dev \
      libzmq3-dev make nlohmann-json3-dev pkg-config prometheus-cpp-dev protobuf-compiler \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY Makefile pyproject.toml .env.example ./
COPY proto/alertwire proto/alertwire
COPY consumer/go/internal/settings/known.txt consumer/go/internal/settings/
COPY consumer/cpp consumer/cpp
RUN make build/executor-cpp

FROM ${BASE_IMAGE} AS executor-cpp
RUN apt-get update \
 && apt-get install -y --no-install-recommends \
      libprometheus-cpp-core1.0 libprotobuf32 libtomlplusplus3 libzmq5 \
 && rm -rf /var/lib/apt/lists/* \
 && groupadd --gid 10001 alertwire \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/alertwire \
      --shell /usr/sbin/nologin alertwire \
 && install -d -m 0700 -o alertwire -g alertwire /var/lib/alertwire /var/lib/alertwire/keys \
      /var/lib/alertwire/keys/bus \
 && install -d /etc/alertwire
COPY --from=build /src/build/executor-cpp /usr/local/bin/
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
ENTRYPOINT ["executor-cpp"]
