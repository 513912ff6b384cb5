#!/usr/bin/env bash
# N nodes of Lease for exchange.sh on the database "lease" of the PostgreSQL server at $PGHOST; the first takes all packets, the others what it forwards. usage: lease6-cluster.sh INTERFACE N
set -euo pipefail
top=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/..
lease=$top/artifacts/lease/lease
names=$(seq -s, -f 'n%g' "$2")
"$lease" cluster init "$PGHOST/certificates" --nodes "$names" >/dev/null
pids=()
trap 'kill "${pids[@]}" 2>/dev/null; wait' TERM EXIT
for number in $(seq "$2"); do
  ip -6 addr add "fd00::$number/128" dev lo nodad 2>/dev/null || true
  interface=lo/fd00::$number
  port=1546 # nobody sends there: what these have comes by the links
  [ "$number" != 1 ] || { interface=$1; port=547; }
  files=$PGHOST/certificates
  cat >"$PGHOST/n$number.json" <<J
{"Lease": {"server-port": $port, "storage": {"type": "postgresql", "connection": "Host=$PGHOST;Database=lease;Username=postgres"},
  "node": {"id": "n$number", "address": "[fd00::$number]:5480", "tls": {"certificate": "$files/n$number.pem", "key": "$files/n$number-key.pem", "authorities": "$files/ca.pem"}},
  "leasequery": {"tcp": {"port": 1547, "addresses": ["fd00::$number"]}}},
 "Dhcp6": {"interfaces-config": {"interfaces": ["$interface"]},
 "preferred-lifetime": 3000, "valid-lifetime": 4000, "renew-timer": 1000, "rebind-timer": 2000,
 "subnet6": [{"id": 1, "subnet": "2001:db8:1::/64", "interface": "$1", "pools": [{"pool": "2001:db8:1:0:1::/80"}],
   "pd-pools": [{"prefix": "2001:db8:8000::", "prefix-len": 34, "delegated-len": 64}]}],
 "loggers": [{"name": "kea-dhcp6", "severity": "ERROR"}]}}
J
done

# The first one last: it is what exchange.sh waits for.
for number in $(seq "$2" -1 1); do
  "$lease" serve --config "$PGHOST/n$number.json" &
  pids+=($!)
  [ "$number" != 2 ] || sleep 5
done
wait
