#!/usr/bin/env bash
# One measurement of DHCPv6 4-way exchanges: starts a server command in the server host of hosts.sh, waits for UDP 547,
# offers RATE exchanges a second for SECONDS from the client host with perfdhcp (Debian: kea-admin), prints one line:
#   exchanges/s, share lost in SOLICIT and REQUEST, mean delay of both in ms, processor seconds of the server.
# usage: exchange.sh NAME RATE SECONDS -- SERVER COMMAND...      (the server must stay in the foreground)
# To compare two servers, alternate: A B A B A B, and quote the ratio of the medians. perfdhcp takes about one core itself.
set -euo pipefail
name=$1 rate=$2 seconds=$3; shift 4
ip netns exec "${name}s" "$@" >${TMPDIR:-/tmp}/exchange-server.log 2>&1 & server=$!
trap 'kill $server 2>/dev/null; wait $server 2>/dev/null || true' EXIT
for _ in $(seq 100); do ip netns exec "${name}s" ss -lunH 'sport = :547' | grep -q . && break; sleep 0.1; done
out=$(ip netns exec "${name}c" perfdhcp -6 -l "${name}c" -r "$rate" -R 1000000 -p "$seconds" all 2>&1 || true)
echo "$out" | awk '/^Rate:/{r=$2} /drops ratio:/{d[++n]=$3} /avg delay:/{a[++m]=$3}
  END{printf "%.0f exchanges/s; lost %s %% and %s %%; delay %s and %s ms", r, d[1], d[2], a[1], a[2]}'
ticks=0; for p in $server $(pgrep -P $server || true); do t=$(awk '{print $14+$15}' /proc/$p/stat 2>/dev/null || echo 0); ticks=$((ticks + t)); done
echo "; server processor $(awk "BEGIN{print $ticks/$(getconf CLK_TCK)}") s"
