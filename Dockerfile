# The program, its models, and a small image with both. `scripts/test-image` runs every step without Docker.

FROM rust:1.92-slim-bookworm AS build
WORKDIR /src
RUN apt-get update && apt-get install -y --no-install-recommends cmake nasm
COPY . .
ENV CARGO_PROFILE_RELEASE_STRIP=debuginfo
RUN cargo build --release --locked --bin facebolt

FROM debian:bookworm-slim AS models
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates python3 python3-pip
COPY --from=build /src/target/release/facebolt /usr/bin/facebolt
ENV FACEBOLT_MODELS__DIRECTORY=/usr/share/facebolt/models
RUN facebolt models fetch

FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates libstdc++6 && rm -rf /var/lib/apt/lists/*
RUN useradd --no-create-home --shell /usr/sbin/nologin --uid 7688 facebolt && mkdir /photos
COPY --from=build /src/target/release/facebolt /usr/bin/facebolt
COPY --from=models /usr/share/facebolt/models /usr/share/facebolt/models
ENV FACEBOLT_MODELS__DIRECTORY=/usr/share/facebolt/models
ENV FACEBOLT_IMAGES__DIRECTORY=/photos
ENV FACEBOLT_LISTEN__ADDRESS=0.0.0.0:7688
ENV FACEBOLT_CALLBACK__LISTEN=0.0.0.0:7689
ENV FACEBOLT_ADMIN__LISTEN=0.0.0.0:7690
USER facebolt
EXPOSE 7688 7689 7690
ENTRYPOINT ["facebolt"]
CMD ["serve"]
