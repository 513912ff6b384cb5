#!/bin/sh
# An example for `lease client --dhcp4o6 --script`: sets up a lightweight 4over6 tunnel (RFC 7596) from the facts in the environment; see docs/client.md.
# The client's IPv6 address goes on the interface, the IPv4 address on the tunnel, and with a port set the source ports are kept within it.
set -eu
tunnel=lw4o6
down() {
  ip link del "$tunnel" 2>/dev/null || true
  nft delete table ip "$tunnel" 2>/dev/null || true
}
case $reason in
  BOUND6 | RENEW6 | REBIND6)
    [ -z "${ip6_address:-}" ] || ip -6 addr replace "$ip6_address/128" dev "$interface" valid_lft "$ip6_valid" preferred_lft "$ip6_preferred"
    # The tunnel's other end comes with DHCPv6 (S46_BR): kept for when the IPv4 lease arrives.
    [ -z "${br_address:-}" ] || echo "$br_address" > "/run/$tunnel-br"
    ;;
  BOUND4 | RENEW4 | REBIND4)
    [ -s "/run/$tunnel-br" ] && [ -n "${tunnel_source:-}" ] || exit 0
    down
    ip -6 tunnel add "$tunnel" mode ipip6 local "$tunnel_source" remote "$(cat "/run/$tunnel-br")" encaplimit none
    ip link set "$tunnel" up
    ip addr add "$ip_address/32" dev "$tunnel"
    ip route replace default dev "$tunnel" src "$ip_address"
    if [ -n "${port_ranges:-}" ]; then
      # nftables translates to the first range; a router with more connections spreads over all of them.
      first=${port_ranges%% *}
      nft -f - <<NFT
table ip $tunnel {
  chain out {
    type nat hook postrouting priority srcnat;
    oifname "$tunnel" meta l4proto { tcp, udp } snat to $ip_address:$first
  }
}
NFT
    fi
    ;;
  EXPIRE4 | RELEASE4 | STOP4)
    down
    ;;
  EXPIRE6 | RELEASE6)
    [ -z "${ip6_address:-}" ] || ip -6 addr del "$ip6_address/128" dev "$interface" 2>/dev/null || true
    rm -f "/run/$tunnel-br"
    ;;
esac
