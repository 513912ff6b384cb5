#!/usr/bin/env bash
# 4-way exchanges a second on PostgreSQL, one node of Lease beside Kea, in turns, each on an empty database. As root, with Debian's kea-dhcp6-server, kea-admin, postgresql, iproute2.
# usage: exchange-on-postgres.sh [SECONDS] [ROUNDS] [RATE OF KEA] [RATE OF LEASE]     default: 10 seconds, 3 rounds, 1500 and 9000
# REPLICA=1: the server has a synchronous replica, as one that shall survive the loss of its machine.
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")"
seconds=${1:-10} rounds=${2:-3} kea=${3:-1500} lease=${4:-9000}
export PGHOST=/tmp/lease-bench-pg PGUSER=postgres
../lease check <(echo '{}') >/dev/null 2>&1 || true # builds when needed
./postgres.sh start $PGHOST ${REPLICA:+replica}
./hosts.sh up lqb
trap './hosts.sh down lqb; ./postgres.sh stop $PGHOST' EXIT
psql -qc "CREATE ROLE kea LOGIN SUPERUSER"
for _ in $(seq "$rounds"); do
  psql -qc "DROP DATABASE IF EXISTS kea" -c "CREATE DATABASE kea OWNER kea" 2>/dev/null
  kea-admin db-init pgsql -h $PGHOST -u kea -p kea -n kea >/dev/null 2>&1
  echo "kea   offered $kea: $(./exchange.sh lqb "$kea" "$seconds" -- ./kea6.sh postgresql lqbs)"
  psql -qc "DROP DATABASE IF EXISTS lease" -c "CREATE DATABASE lease" 2>/dev/null
  echo "lease offered $lease: $(./exchange.sh lqb "$lease" "$seconds" -- ./lease6-postgres.sh lqbs)"
done
