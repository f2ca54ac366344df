# SPDX-License-Identifier: Apache-2.0
# All three programs, built and stripped in the first stage. Run with --entrypoint for agent and CLI.
FROM debian:bookworm-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev meson ninja-build pkg-config \
    python3 libmicrohttpd-dev libpq-dev libjansson-dev libjwt-dev libssl-dev libcurl4-openssl-dev \
    && rm -rf /var/lib/apt/lists/*
COPY . /src
RUN meson setup /build /src -Dbuildtype=release -Dstrip=true --prefix=/usr \
    && DESTDIR=/out meson install -C /build

FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends libmicrohttpd12 libpq5 libjansson4 libjwt0 \
    libssl3 libcurl4 ca-certificates && rm -rf /var/lib/apt/lists/* \
    && useradd --system --home-dir /var/lib/bourse --create-home --shell /usr/sbin/nologin bourse
COPY --from=build /out/usr /usr
USER bourse
WORKDIR /var/lib/bourse
EXPOSE 8080 8081 9464
ENTRYPOINT ["bourse-server"]
CMD ["help"]
