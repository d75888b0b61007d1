// Package api is the HTTP edge: it turns requests into calls of the domain and results back into replies,
// and decides nothing about accounts itself.
//
// The contract stands in spec, one file per tag; oapi is generated from it, and client for callers. A
// request goes through one chain:
//
//	framing → edge (request id, client, deadline, log, error writer) → route → policy → validation → handler
//
// Routes, policy and validation are resolved once, when New is called. Handlers return a reply or an error,
// never an error reply; writeProblem alone writes those.
package api
