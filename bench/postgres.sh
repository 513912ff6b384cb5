#!/usr/bin/env bash
# A PostgreSQL server for benchmarks, durable as it comes (fsync and synchronous_commit on), reached by a Unix socket in FOLDER; with "replica" also a synchronous streaming replica of it.
# As root, with Debian's postgresql.
# usage: postgres.sh start FOLDER [replica] | stop FOLDER
set -euo pipefail
folder=$2
bin=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -1)
as() { (cd / && runuser -u postgres -- "$@"); }
# run DATA SOCKETS
run() { as "$bin/pg_ctl" -D "$1" -w -l "$1.log" -o "-k $2 -c listen_addresses= -c max_connections=200 -c shared_buffers=1GB -c min_wal_size=1GB -c max_wal_size=4GB" start >/dev/null; }
case $1 in
  start)
    install -d -o postgres "$folder"
    as "$bin/initdb" -D "$folder/data" -A trust -E UTF8 --no-locale >/dev/null
    run "$folder/data" "$folder"
    # Files of the log that are there already, as on a server that has run for a while: a new one is first filled with zeros, which keeps commits waiting for 20 ms.
    as "$bin/psql" -h "$folder" -qc "SELECT count(pg_logical_emit_message(false, '', repeat('x', 16000000))) FROM generate_series(1, 64)" -c CHECKPOINT >/dev/null
    if [ "${3:-}" = replica ]; then
      install -d -o postgres "$folder/sockets"
      as "$bin/pg_basebackup" -h "$folder" -D "$folder/replica" -R -X stream --checkpoint=fast
      run "$folder/replica" "$folder/sockets"
      as "$bin/psql" -h "$folder" -qc "ALTER SYSTEM SET synchronous_standby_names = '*'" -c "SELECT pg_reload_conf()" >/dev/null
    fi
    ;;
  stop)
    as "$bin/pg_ctl" -D "$folder/data" -m immediate stop >/dev/null
    [ ! -d "$folder/replica" ] || as "$bin/pg_ctl" -D "$folder/replica" -m immediate stop >/dev/null
    rm -rf "$folder"
    ;;
esac
