package fetch

import (
	"net/http"
	"net/netip"
)

// SetPublic has the client take an address for public if f does: the servers of
// a test are all on loopback.
func (c *Client) SetPublic(f func(netip.AddrPort) bool) { c.wires.public = f }

// SetTransport has the client send all requests to rt.
func (c *Client) SetTransport(rt http.RoundTripper) {
	for l := range c.wires.lanes {
		c.wires.lanes[l] = rt
	}
}

// What tests outside of the package look at.
var (
	ContentRange = contentRange
	IsPublic     = isPublic
	RetryAfter   = retryAfter
	SplitParts   = splitParts
)
