#!/usr/bin/env bash
# 4-way exchanges a second on PostgreSQL of one node and of three on this machine, where one takes all packets and forwards two thirds. As root, with Debian's kea-admin, postgresql, iproute2.
# usage: exchange-on-cluster.sh [SECONDS] [ROUNDS] [RATE]     default: 10 seconds, 3 rounds, 6000
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")"
seconds=${1:-10} rounds=${2:-3} rate=${3:-6000}
export PGHOST=/tmp/lease-bench-pg PGUSER=postgres
../lease check <(echo '{}') >/dev/null 2>&1 || true # builds when needed
./postgres.sh start $PGHOST
./hosts.sh up lqb
trap './hosts.sh down lqb; ./postgres.sh stop $PGHOST' EXIT
for _ in $(seq "$rounds"); do
  for nodes in 1 3; do
    psql -qc "DROP DATABASE IF EXISTS lease WITH (FORCE)" -c "CREATE DATABASE lease" 2>/dev/null
    echo "$nodes nodes, offered $rate: $(./exchange.sh lqb "$rate" "$seconds" -- ./lease6-cluster.sh lqbs "$nodes")"
  done
done
