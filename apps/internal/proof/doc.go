// Package proof holds docs/security.md to its word: every line of the checklist that the page lists is proven by
// a test that exists and is run, or says why it needs none. It also holds two lists to what they are of: the actions of the
// audit log in docs/operators.md, and the decisions in docs/adr.
package proof
