#!/usr/bin/env bash
# 4-way exchanges a second, Lease on SQLite beside Kea on memfile, in turns. As root, with Debian's kea-dhcp6-server, kea-admin, iproute2.
# usage: exchange-vs-kea.sh [SECONDS] [ROUNDS] [RATE...]     default: 10 seconds, 3 rounds, 12000 16000 20000
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")"
seconds=${1:-10} rounds=${2:-3}
shift $(($# < 2 ? $# : 2))
rates=${*:-12000 16000 20000}
../lease check <(echo '{}') >/dev/null 2>&1 || true # builds when needed
./hosts.sh up lqb
trap './hosts.sh down lqb' EXIT
for rate in $rates; do
  for _ in $(seq "$rounds"); do
    echo "kea   offered $rate: $(./exchange.sh lqb "$rate" "$seconds" -- ./kea6.sh memfile lqbs)"
    echo "lease offered $rate: $(./exchange.sh lqb "$rate" "$seconds" -- ./lease6.sh lqbs)"
  done
done
