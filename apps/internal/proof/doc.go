// Package proof holds docs/security.md to its word: every line of the checklist that the page lists is proven by
// a test that exists and is run, or says why it needs none.
package proof
