package spec

import "go.yaml.in/yaml/v3"

// idempotentAnswers come from the key that tells repetitions of a call from calls of their own.
var idempotentAnswers = []answer{{"409", "IdempotencyConflict"}, {"422", "IdempotencyKeyReused"}}

// isIdempotent reports whether an operation takes an Idempotency-Key.
func isIdempotent(operation *yaml.Node) bool { return member(operation, "x-idempotent") != nil }

// addIdempotencyKey lets the client of an operation that takes an Idempotency-Key give one.
func addIdempotencyKey(operation *yaml.Node) {
	if isIdempotent(operation) {
		addParameter(operation, "IdempotencyKey")
	}
}

// addParameter adds a parameter that the components describe.
func addParameter(operation *yaml.Node, name string) {
	parameters := member(operation, "parameters")
	if parameters == nil {
		parameters = &yaml.Node{Kind: yaml.SequenceNode}
		operation.Content = append(operation.Content, scalar("parameters"), parameters)
	}
	parameters.Content = append(parameters.Content, reference("parameters/"+name))
}
