# The image of Lease, and (target "postgres") one of PostgreSQL for docker-compose.yml.
#   docker build -t lease .                                  with Microsoft's image of the .NET SDK
#   docker build -t lease --build-arg BASE=debian:12 .       on another Debian 12
# Without the SDK image: publish outside, into a folder below this one, and name that folder; any image then stands for the SDK's.
#   dotnet publish src/Lease.Host -c Release --use-current-runtime --self-contained -p:PublishReadyToRun=true -o artifacts/publish
#   docker build -t lease --build-arg SDK=debian:12-slim --build-arg PUBLISHED=artifacts/publish .
ARG BASE=debian:12-slim
ARG SDK=mcr.microsoft.com/dotnet/sdk:10.0

FROM ${BASE} AS postgres
# What the base image has already is not fetched again. The package would make a database of its own.
RUN dpkg-query -W postgresql-15 >/dev/null 2>&1 || { \
      export DEBIAN_FRONTEND=noninteractive; \
      apt-get update \
      && apt-get install -y --no-install-recommends postgresql-common \
      && sed -i 's/^#*create_main_cluster.*/create_main_cluster = false/' /etc/postgresql-common/createcluster.conf \
      && apt-get install -y --no-install-recommends postgresql-15 \
      && rm -rf /var/lib/apt/lists/*; }
RUN install -d -o postgres -g postgres /run/postgresql /var/lib/postgresql/lease
ENV PATH=/usr/lib/postgresql/15/bin:$PATH PGDATA=/var/lib/postgresql/lease/data
USER postgres
# At once; PostgreSQL waits on SIGTERM until all nodes have disconnected.
STOPSIGNAL SIGINT

FROM ${SDK} AS build
ARG PUBLISHED=
WORKDIR /src
COPY . .
RUN if [ -n "$PUBLISHED" ]; then cp -a "$PUBLISHED" /publish; \
    else dotnet publish src/Lease.Host -c Release --use-current-runtime --self-contained -p:PublishReadyToRun=true -o /publish; fi

FROM ${BASE} AS lease
# What .NET needs.
RUN dpkg-query -W libssl3 libstdc++6 >/dev/null 2>&1 || { \
      apt-get update \
      && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends libssl3 libstdc++6 \
      && rm -rf /var/lib/apt/lists/*; }
RUN useradd --system --uid 547 --home-dir /var/lib/lease --shell /usr/sbin/nologin lease \
    && install -d -o lease -g lease /var/lib/lease /etc/lease /etc/lease/certificates
COPY --from=build /publish /opt/lease
RUN ln -s /opt/lease/lease /usr/local/bin/lease
# Docker 20.10 and newer let every user of a container have port 547. "lease client" needs root: docker run --user root.
USER lease
WORKDIR /var/lib/lease
EXPOSE 547/udp 547/tcp
# A whole way through the node: TCP, leasequery, the store. It asks about a client that nobody has; the loopback must be among Lease.leasequery.requestors, where there are any.
HEALTHCHECK --interval=5s --timeout=5s --start-period=60s --retries=3 \
  CMD ["lease", "query", "bulk", "::1", "by-client-id", "00:04:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00", "--quiet"]
ENTRYPOINT ["lease"]
CMD ["serve", "--config", "/etc/lease/lease.json", "--data", "/var/lib/lease"]
