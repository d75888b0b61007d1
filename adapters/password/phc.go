package password

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
)

// The bounds of what is accepted of a stored hash, so that none that came from outside costs more than a
// second or takes the machine's memory. RFC 9106 §4 recommends 64 MiB with t=3 at the least, and §3.1 sets the
// lower bounds of lanes, passes and memory; the sizes of salt and hash are what libraries write.
const (
	memoryMax = 256 << 10 // KiB
	timeMax   = 16
	lanesMax  = 16
	workMax   = 1 << 20 // memory in KiB times passes
	saltMin   = 8
	hashMin   = 16
	sizeMax   = 64 // of salt and hash
	keyIDMax  = 8
	phcMax    = 512 // of the whole text
)

// cost is what a hash takes to make.
type cost struct {
	memory uint32 // KiB
	time   uint32
	lanes  uint8
}

func (c cost) check() error {
	switch {
	case c.lanes < 1 || c.lanes > lanesMax:
		return fmt.Errorf("password: argon2 parallelism is 1 to %d", lanesMax)
	case c.time < 1 || c.time > timeMax:
		return fmt.Errorf("password: argon2 time is 1 to %d", timeMax)
	case c.memory < 8*uint32(c.lanes) || c.memory > memoryMax:
		return fmt.Errorf("password: argon2 memory is 8 KiB for each lane to %d KiB", memoryMax)
	case uint64(c.memory)*uint64(c.time) > workMax:
		return fmt.Errorf("password: argon2 memory times time is %d KiB at the most", workMax)
	}
	return nil
}

// phc is an argon2 hash in parts.
type phc struct {
	cost cost
	// argon2i tells of that kind, which only other systems make; else it is argon2id.
	argon2i bool
	keyID   []byte // which pepper; empty for none
	salt    []byte
	hash    []byte
}

// encoding is that of the PHC string format: standard base64 without padding, canonical.
var encoding = base64.RawStdEncoding.Strict()

// String writes $argon2id$v=19$m=…,t=…,p=…[,keyid=…]$salt$hash, as the PHC string format lays down for argon2.
func (p phc) String() string {
	keyID := ""
	if len(p.keyID) > 0 {
		keyID = ",keyid=" + encoding.EncodeToString(p.keyID)
	}
	kind := "argon2id"
	if p.argon2i {
		kind = "argon2i"
	}
	return fmt.Sprintf("$%s$v=19$m=%d,t=%d,p=%d%s$%s$%s", kind, p.cost.memory, p.cost.time, p.cost.lanes, keyID,
		encoding.EncodeToString(p.salt), encoding.EncodeToString(p.hash))
}

// parsePHC reads what String writes, and nothing that is spelt differently. It reports false for any other
// text, and for one whose values are out of bounds.
func parsePHC(text string) (phc, bool) {
	if len(text) > phcMax {
		return phc{}, false
	}
	parts := strings.Split(text, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" && parts[1] != "argon2i" || parts[2] != "v=19" {
		return phc{}, false
	}
	parsed, ok := parseParameters(parts[3])
	parsed.argon2i = parts[1] == "argon2i"
	if !ok || parsed.cost.check() != nil || parsed.argon2i && len(parsed.keyID) > 0 {
		return phc{}, false
	}
	parsed.salt, ok = parseBytes(parts[4], saltMin, sizeMax)
	if !ok {
		return phc{}, false
	}
	parsed.hash, ok = parseBytes(parts[5], hashMin, sizeMax)
	return parsed, ok
}

// parseParameters reads m=…,t=…,p=… in this order, and the keyid that may follow.
func parseParameters(text string) (parsed phc, ok bool) {
	parts := strings.Split(text, ",")
	if len(parts) < 3 || len(parts) > 4 {
		return phc{}, false
	}
	memory, okM := parseNumber(parts[0], "m=", 32)
	time, okT := parseNumber(parts[1], "t=", 32)
	lanes, okP := parseNumber(parts[2], "p=", 8)
	parsed.cost = cost{memory: uint32(memory), time: uint32(time), lanes: uint8(lanes)} //nolint:gosec // parsed at these widths
	ok = okM && okT && okP
	if len(parts) == 4 && ok {
		id, found := strings.CutPrefix(parts[3], "keyid=")
		parsed.keyID, ok = parseBytes(id, 1, keyIDMax)
		ok = ok && found
	}
	return parsed, ok
}

// parseNumber reads a decimal number without sign or leading zeros.
func parseNumber(text, name string, bits int) (uint64, bool) {
	digits, found := strings.CutPrefix(text, name)
	number, err := strconv.ParseUint(digits, 10, bits)
	return number, found && err == nil && strconv.FormatUint(number, 10) == digits
}

// parseBytes reads canonical base64 of least to most bytes. The decoder of the standard library skips line
// breaks; here they are refused.
func parseBytes(text string, least, most int) ([]byte, bool) {
	bytes, err := encoding.DecodeString(text)
	return bytes, err == nil && len(bytes) >= least && len(bytes) <= most && !strings.ContainsAny(text, "\r\n")
}
