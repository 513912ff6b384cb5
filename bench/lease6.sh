#!/usr/bin/env bash
# Lease for exchange.sh, with the same networks as kea6.sh, on an empty SQLite store (synchronous=FULL). usage: lease6.sh INTERFACE [DATA]
set -euo pipefail
top=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/..
data=${2:-$(mktemp -d)}
[ $# -ge 2 ] || trap 'rm -rf "$data"' EXIT
cat >"$data/lease6.json" <<J
{"Dhcp6": {"interfaces-config": {"interfaces": ["$1"]},
 "preferred-lifetime": 3000, "valid-lifetime": 4000, "renew-timer": 1000, "rebind-timer": 2000,
 "subnet6": [{"id": 1, "subnet": "2001:db8:1::/64", "interface": "$1", "pools": [{"pool": "2001:db8:1:0:1::/80"}],
   "pd-pools": [{"prefix": "2001:db8:8000::", "prefix-len": 34, "delegated-len": 64}]}],
 "loggers": [{"name": "kea-dhcp6", "severity": "ERROR"}]}}
J
exec "$top/lease" serve --config "$data/lease6.json" --data "$data"
