package jwt

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"strings"
)

// kidMax is the length of the longest key id that is looked up; ours are UUIDs.
const kidMax = 64

type header struct{ alg, kid string }

var strictEncoding = base64.RawURLEncoding.Strict()

// readHeader checks the outer form of a token and reads its header.
func readHeader(raw string) (header, error) {
	if len(raw) > tokenMax {
		return header{}, errors.New("too long")
	}
	if strings.Count(raw, ".") != 2 || strings.ContainsFunc(raw, notBase64URL) {
		return header{}, errors.New("not a compact serialisation")
	}
	encoded, _, _ := strings.Cut(raw, ".")
	decoded, err := strictEncoding.DecodeString(encoded)
	if err != nil {
		return header{}, err
	}
	parts, err := members(decoded)
	if err != nil {
		return header{}, err
	}
	var head header
	var typ string
	if len(parts) != 3 || !text(parts["alg"], &head.alg) || !text(parts["kid"], &head.kid) || !text(parts["typ"], &typ) {
		return header{}, errors.New("the header is not alg, kid and typ")
	}
	if typ != tokenType || len(head.kid) > kidMax {
		return header{}, errors.New("another type of token, or a key id out of bounds")
	}
	return head, nil
}

// notBase64URL reports whether r may not appear in a token. The decoder of the standard library skips line
// breaks, which would give one token many spellings.
func notBase64URL(r rune) bool {
	letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
	return !letter && (r < '0' || r > '9') && r != '-' && r != '_' && r != '.'
}

// members reads a JSON object, names exactly as written. It refuses a name that stands twice (RFC 8725
// §2.4, §3.10) and anything after the object.
func members(data []byte) (map[string]json.RawMessage, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	if opening, err := decoder.Token(); err != nil || opening != json.Delim('{') {
		return nil, errors.New("not a JSON object")
	}
	found := map[string]json.RawMessage{}
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return nil, err
		}
		key, isText := name.(string)
		if _, twice := found[key]; twice || !isText {
			return nil, errors.New("a member stands twice")
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return nil, err
		}
		found[key] = value
	}
	if _, err := decoder.Token(); err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the JSON object")
	}
	return found, nil
}

// text reads a JSON string that is not empty.
func text(value json.RawMessage, into *string) bool {
	return len(value) > 0 && value[0] == '"' && json.Unmarshal(value, into) == nil && *into != ""
}
