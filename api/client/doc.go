// Package client is a typed client of Doorward's HTTP API, generated from its contract, with a few
// conveniences beside:
//
//   - Failure makes a Go error of a reply that tells of one, so that callers branch on its code;
//   - WithToken sends an access token with every request;
//   - ByCode, ByLink and their kin make the bodies that have alternatives.
//
// Make a ClientWithResponses with NewClientWithResponses and call its methods; each is named after an
// operation of the contract.
package client
