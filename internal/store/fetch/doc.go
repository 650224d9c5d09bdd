// Package fetch brings models into a store from the network: from an https URL,
// or from a hub of models.
//
// What it fetches is pinned by a SHA-256 that the caller knows, so a server is
// trusted with nothing but to answer: not with the bytes, not with their number,
// and not with where a redirect leads. Bytes are hashed as they land, and a
// download goes on where the last one stopped, whatever stopped it. Bytes that
// are not the right ones are put into quarantine, and are not fetched again from
// the same place until a person asks.
//
// The store does all that is durable; this package has the network and the
// patience. It reads no environment variables but for those of the standard
// library on proxies and certificates, and knows nothing of what the bytes mean.
package fetch
