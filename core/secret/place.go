package secret

import "strings"

// Place is a column that holds sealed values. Its name begins the context of each, so that a value which is moved
// to another table does not open there.
type Place string

// The places, with what a value of each is bound to.
const (
	PlaceSigningKeys Place = "signing-key" // the key's id
	PlaceFactors     Place = "factor"      // its user and id
	PlaceIntakes     Place = "intake"      // its kind and id
	PlaceFlows       Place = "flow"        // its purpose and id
	PlaceLinks       Place = "link"        // its purpose and the digest of its token
	PlaceOutbox      Place = "outbox"      // its id
	PlaceMailbox     Place = "mailbox"     // its id
	PlaceReplies     Place = "idempotency" // the digest of its key
)

// Places are all places, in the order in which they are sealed anew: what is needed longest comes first.
func Places() []Place {
	return []Place{
		PlaceSigningKeys, PlaceFactors, PlaceLinks, PlaceFlows, PlaceIntakes, PlaceOutbox, PlaceMailbox,
		PlaceReplies,
	}
}

// Of is the context of one value of the place: the columns that it is bound to, in the order that the place
// names. None of them holds a slash.
func (p Place) Of(bound ...string) string { return string(p) + "/" + strings.Join(bound, "/") }
