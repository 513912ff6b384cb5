#!/usr/bin/env bash
# Lease for exchange.sh, as lease6.sh, on the database "lease" of the PostgreSQL server at $PGHOST. usage: lease6-postgres.sh INTERFACE
set -euo pipefail
top=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/..
cat >"$PGHOST/lease6.json" <<J
{"Lease": {"storage": {"type": "postgresql", "connection": "Host=$PGHOST;Database=lease;Username=postgres"}, "node": {"id": "bench"}},
 "Dhcp6": {"interfaces-config": {"interfaces": ["$1"]},
 "preferred-lifetime": 3000, "valid-lifetime": 4000, "renew-timer": 1000, "rebind-timer": 2000,
 "subnet6": [{"id": 1, "subnet": "2001:db8:1::/64", "interface": "$1", "pools": [{"pool": "2001:db8:1:0:1::/80"}],
   "pd-pools": [{"prefix": "2001:db8:8000::", "prefix-len": 34, "delegated-len": 64}]}],
 "loggers": [{"name": "kea-dhcp6", "severity": "ERROR"}]}}
J
exec "$top/lease" serve --config "$PGHOST/lease6.json"
