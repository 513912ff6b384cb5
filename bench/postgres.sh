#!/usr/bin/env bash
# A PostgreSQL server for benchmarks, durable as it comes (fsync and synchronous_commit on), reached by a Unix socket in FOLDER. As root, with Debian's postgresql.
# usage: postgres.sh start FOLDER | stop FOLDER
set -euo pipefail
folder=$2
bin=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -1)
as() { (cd / && runuser -u postgres -- "$@"); }
case $1 in
  start)
    install -d -o postgres "$folder"
    as "$bin/initdb" -D "$folder/data" -A trust -E UTF8 --no-locale >/dev/null
    as "$bin/pg_ctl" -D "$folder/data" -w -l "$folder/log" -o "-k $folder -c listen_addresses= -c max_connections=200 -c shared_buffers=1GB -c max_wal_size=4GB" start >/dev/null
    ;;
  stop)
    as "$bin/pg_ctl" -D "$folder/data" -m fast stop >/dev/null
    rm -rf "$folder"
    ;;
esac
