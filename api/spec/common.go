package spec

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// answer is a status that an operation can have, and the component that describes it.
type answer struct{ status, component string }

var (
	// anyAnswers come from the server itself, whatever the operation: it reads a body before it knows that
	// the operation takes none.
	anyAnswers = []answer{
		{"400", "BadRequest"},
		{"408", "RequestTimeout"},
		{"413", "PayloadTooLarge"},
		{"431", "HeadersTooLarge"},
		{"500", "InternalError"},
		{"503", "Unavailable"},
	}
	// bodyAnswers come from looking into a body.
	bodyAnswers = []answer{{"415", "UnsupportedMediaType"}}
	// signedInAnswers come from the demand for an access token.
	signedInAnswers = []answer{{"401", "Unauthorized"}}
	// limitedAnswers come from counting calls.
	limitedAnswers = []answer{{"429", "RateLimited"}}
	// recentAnswers come from the demand for a recent sign-in.
	recentAnswers = []answer{{"403", "ReauthenticationRequired"}}
	// cookieAnswers come from calls with cookies that another site may have caused.
	cookieAnswers = []answer{{"403", "CrossSiteRefused"}}
	// boundAnswers come from what the caller holds, from what they came by, and from the demand for a second factor,
	// once its grace is over.
	boundAnswers = []answer{{"403", "Forbidden"}}
)

var methods = []string{"get", "put", "post", "delete", "options", "head", "patch", "trace"}

// addCommonResponses completes the responses of every operation. One that the source states itself stays.
func addCommonResponses(document *yaml.Node) error {
	for path, item := range members(member(document, "paths")) {
		for method, operation := range members(item) {
			if !slices.Contains(methods, method.Value) {
				continue
			}
			responses := member(operation, "responses")
			if responses == nil || member(operation, "operationId") == nil {
				return fmt.Errorf("%s %s lacks responses or an operationId", method.Value, path.Value)
			}
			complete(responses, commonAnswers(method.Value, operation))
			addCookies(method.Value, operation)
			addIdempotencyKey(operation)
		}
	}
	return nil
}

func commonAnswers(method string, operation *yaml.Node) []answer {
	answers := slices.Clone(anyAnswers)
	if member(operation, "requestBody") != nil {
		answers = append(answers, bodyAnswers...)
	}
	if member(operation, "security") != nil {
		answers = append(answers, signedInAnswers...)
	}
	if member(operation, "x-uncounted") == nil {
		answers = append(answers, limitedAnswers...)
	}
	if member(operation, "x-recent-sign-in") != nil {
		answers = append(answers, recentAnswers...)
	}
	if signsIn(operation) || unsafe(method) && member(operation, "security") != nil {
		answers = append(answers, cookieAnswers...)
	}
	if member(operation, "security") != nil {
		answers = append(answers, boundAnswers...)
	}
	if isIdempotent(operation) {
		answers = append(answers, idempotentAnswers...)
	}
	return answers
}

// signsIn reports whether an operation can answer with tokens: its client chooses how they travel.
func signsIn(operation *yaml.Node) bool { return member(operation, "x-signs-in") != nil }

// unsafe reports whether a method may change something (RFC 9110 §9.2.1).
func unsafe(method string) bool { return method != "get" && method != "head" }

// addCookies lets every operation that takes an access token take it from a cookie too, and every one that
// answers with tokens be asked for cookies.
func addCookies(method string, operation *yaml.Node) {
	if security := member(operation, "security"); security != nil {
		demanded := &yaml.Node{Kind: yaml.MappingNode}
		demand(demanded, "cookieAuth")
		if unsafe(method) {
			demand(demanded, "csrfToken")
		}
		security.Content = slices.Insert(security.Content, 1, demanded)
	}
	if !signsIn(operation) {
		return
	}
	addParameter(operation, "TokenTransport")
}

func demand(security *yaml.Node, scheme string) {
	security.Content = append(security.Content, scalar(scheme), &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle})
}

// complete adds the answers that are missing and sorts all by status.
func complete(responses *yaml.Node, answers []answer) {
	for _, answer := range answers {
		if member(responses, answer.status) != nil {
			continue
		}
		key := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: answer.status, Style: yaml.SingleQuotedStyle}
		responses.Content = append(responses.Content, key, reference("responses/"+answer.component))
	}
	sortMembers(responses)
}

func scalar(text string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Value: text} }

func reference(component string) *yaml.Node {
	return &yaml.Node{Kind: yaml.MappingNode, Style: yaml.FlowStyle, Content: []*yaml.Node{
		scalar("$ref"),
		{Kind: yaml.ScalarNode, Tag: "!!str", Style: yaml.SingleQuotedStyle, Value: "#/components/" + component},
	}}
}

func sortMembers(mapping *yaml.Node) {
	type pair struct{ key, value *yaml.Node }
	var pairs []pair
	for key, value := range members(mapping) {
		pairs = append(pairs, pair{key, value})
	}
	slices.SortStableFunc(pairs, func(a, b pair) int {
		return strings.Compare(a.key.Value, b.key.Value)
	})
	mapping.Content = mapping.Content[:0]
	for _, p := range pairs {
		mapping.Content = append(mapping.Content, p.key, p.value)
	}
}
