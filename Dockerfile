# syntax=docker/dockerfile:1
# Two images: millrace, the whole platform in one program, is what is built by default; --target frontend
# is the screen alone behind nginx, as docs/deploy.md has it in front of several replicas.
#
#   docker build -t millrace --build-arg VERSION="$(git describe --tags --always)" .
#   docker build -t millrace-frontend --target frontend .
#
# The bases are arguments so that they can come from another registry, or, in test/deploy/buildah.sh,
# from none.
ARG NODE_IMAGE=node:22-bookworm-slim
ARG GO_IMAGE=golang:1.26-bookworm
ARG NGINX_IMAGE=nginxinc/nginx-unprivileged:1.28-alpine
# It has glibc and libstdc++, which DuckDB needs, certificates and time zones, no shell, and the user 65532.
ARG RUNTIME_IMAGE=gcr.io/distroless/cc-debian12:nonroot

FROM ${NODE_IMAGE} AS ui
WORKDIR /src/ui
COPY ui/package.json ui/package-lock.json ui/.npmrc ./
RUN --mount=type=cache,target=/root/.npm npm ci --include=dev --no-audit --no-fund
COPY ui ./
RUN npm run build

FROM ${GO_IMAGE} AS build
# DuckDB is linked in: without cgo it would be left out. go.mod may want a newer patch release than the image has.
ENV CGO_ENABLED=1 GOTOOLCHAIN=auto
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY . .
COPY --from=ui /src/ui/dist ui/dist
ARG VERSION=dev
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    go build -trimpath -ldflags "-s -w -X main.version=${VERSION}" -o /out/millrace ./cmd/millrace \
    && mkdir /out/data

FROM ${NGINX_IMAGE} AS frontend
ARG VERSION=dev
LABEL org.opencontainers.image.title="Millrace frontend" \
      org.opencontainers.image.description="The screen of Millrace, and nginx in front of its API" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.licenses="Apache-2.0"
# The image's own entrypoint puts these into the template; the filter keeps nginx's variables out of it.
ENV MILLRACE_API=http://api:8000 \
    NGINX_PORT=8080 \
    NGINX_ENTRYPOINT_LOCAL_RESOLVERS=1 \
    NGINX_ENVSUBST_FILTER="^(MILLRACE_API|NGINX_PORT|NGINX_LOCAL_RESOLVERS)$"
COPY deploy/nginx/default.conf.template /etc/nginx/templates/default.conf.template
COPY --from=ui /src/ui/dist /usr/share/nginx/html
EXPOSE 8080
STOPSIGNAL SIGQUIT
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s \
    CMD ["sh", "-c", "wget -q -O /dev/null http://127.0.0.1:${NGINX_PORT}/favicon.svg"]

FROM ${RUNTIME_IMAGE} AS millrace
ARG VERSION=dev
LABEL org.opencontainers.image.title="Millrace" \
      org.opencontainers.image.description="A real-time data platform in one program" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /out/millrace /usr/local/bin/millrace
# A volume begins as a copy of this folder, and so with its owner.
COPY --from=build --chown=65532:65532 /out/data /var/lib/millrace
USER 65532:65532
WORKDIR /var/lib/millrace
VOLUME ["/var/lib/millrace"]
# API and screen; the embedded broker, if kafka.listen opens it (docs/deploy.md).
EXPOSE 8000 9092
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["/usr/local/bin/millrace", "healthcheck"]
# The address is open to others, so that it starts with tokens only: docs/deploy.md.
ENTRYPOINT ["/usr/local/bin/millrace", "up", "--data", "/var/lib/millrace", "--listen", "0.0.0.0:8000"]
