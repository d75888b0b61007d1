package limit

import "net/netip"

// networkBits is what tells one subscriber of IPv6 from another. The lower 64 bits are the interface's own
// (RFC 4291 §2.5.1), which a host changes at will and by itself (RFC 8981); the least that an end site is
// given is one /64 (RFC 6177 §2). Counting single addresses would give every site 2^64 budgets.
const networkBits = 64

// AddressKey is the key that calls from the address are counted by: the address itself for IPv4, also where
// it is mapped into IPv6, and its /64 for IPv6. All callers whose address is not known share one.
func AddressKey(address netip.Addr) string {
	address = address.Unmap().WithZone("")
	if !address.Is6() {
		return address.String()
	}
	network, err := address.Prefix(networkBits)
	if err != nil {
		return address.String()
	}
	return network.String()
}
