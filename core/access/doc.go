// Package access is who may do what: permissions, the roles and groups that bundle them, who has which, and the one
// rule by which every act is decided. Rights are read from the store at the time of use, never from a token.
package access
