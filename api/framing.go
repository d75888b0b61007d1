package api

import (
	"bytes"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/doorward/doorward/core"
)

var errFraming = core.NewError(core.KindInvalid, core.CodeInvalidInput, "The request is framed ambiguously.")

func misframed(why string) error { return errFraming.Because(errors.New(why)) }

// part is where in a stream of requests a byte stands.
type part uint8

const (
	inHead part = iota
	inBody
	inChunkSize
	inChunk
	// inChunkEnd and inBodyEnd are before the line ends behind a chunk and behind the last one.
	inChunkEnd
	inBodyEnd
)

// frames follows the requests of one connection through its bytes and refuses what two servers could cut apart
// differently (RFC 9112 §2.2, §5, §6.3, §7.1), whatever the server behind it makes of that. Lines end in CR LF.
// A head is a request line and fields as parseHead wants them. A chunk is preceded by its size and nothing else,
// and the last one followed by nothing: extensions and trailers mean nothing here, and the limit on their
// length that the standard recommends is zero. Not safe for concurrent use.
type frames struct {
	at part
	// text is the head, or the line between chunks, as far as it has come.
	text []byte
	// line is where the present line of the head begins in text.
	line int
	// left is what of the body, or of the chunk, is still to come.
	left int64
	// limit is the longest head in bytes.
	limit int
	// bodies gives the longest body in bytes by the request line; nil where nothing bounds them. room is what of it is
	// left for further chunks.
	bodies func(line []byte) int64
	room   int64
}

const (
	// sizeLine is the longest line before a chunk: eight digits say more than any body may hold.
	sizeLine = len("ffffffff\r\n")
	// keptHead is how much memory for heads a connection keeps from one request to the next; most need less.
	keptHead = 2 << 10
)

// follow reads on and gives how many of the bytes belong to requests that are framed well so far. The error is
// errFraming or, for what is too long, fiber.ErrRequestHeaderFieldsTooLarge and fiber.ErrRequestEntityTooLarge. After
// an error it is not called again.
func (f *frames) follow(data []byte) (good int, err error) {
	for good < len(data) && err == nil {
		var taken int
		taken, err = f.step(data[good:])
		good += taken
	}
	return good, err
}

// midway reports whether a request has begun whose body is not read to its end.
func (f *frames) midway() bool { return f.at != inHead }

func (f *frames) step(data []byte) (taken int, err error) {
	switch f.at {
	case inHead:
		return f.stepHead(data)
	case inChunkSize:
		return f.stepLine(data, sizeLine, f.openChunk)
	case inChunkEnd, inBodyEnd:
		return f.stepLine(data, len("\r\n"), f.closeChunk)
	default:
		taken = int(min(f.left, int64(len(data))))
		if f.left -= int64(taken); f.left == 0 && f.at == inChunk {
			f.at = inChunkEnd
		} else if f.left == 0 {
			f.at = inHead
		}
		return taken, nil
	}
}

// stepHead takes data up to the end of a line. An empty line before a request is skipped, as clients of old send
// one behind a body (RFC 9112 §2.2).
func (f *frames) stepHead(data []byte) (taken int, err error) {
	taken, whole := f.gather(data)
	switch {
	case len(f.text) > f.limit:
		return 0, fiber.ErrRequestHeaderFieldsTooLarge
	case !whole:
		return taken, nil
	case !bytes.HasSuffix(f.text, []byte("\r\n")):
		return 0, misframed("a line ends without CR")
	case len(f.text)-f.line > len("\r\n"):
		f.line = len(f.text)
		return taken, nil
	case f.line == 0:
		f.text = f.text[:0]
		return taken, nil
	}
	head, err := parseHead(f.text)
	if err != nil {
		return 0, err
	}
	switch f.left = head.length; {
	case head.chunked:
		f.at = inChunkSize
	case head.length > 0:
		f.at = inBody
	}
	if f.at != inHead && f.bodies != nil {
		line, _, _ := bytes.Cut(f.text, []byte("\r\n"))
		if f.room = f.bodies(line); f.left > f.room {
			return taken, fiber.ErrRequestEntityTooLarge // the head is good, so that who asks is known
		}
	}
	if f.text, f.line = f.text[:0], 0; cap(f.text) > keptHead {
		f.text = nil
	}
	return taken, nil
}

// gather adds data up to the end of a line to the text, and reports whether the end has come.
func (f *frames) gather(data []byte) (taken int, whole bool) {
	taken = bytes.IndexByte(data, '\n') + 1
	if whole = taken > 0; !whole {
		taken = len(data)
	}
	f.text = append(f.text, data[:taken]...)
	return taken, whole
}

// stepLine takes data up to the end of a line between chunks, and has it read once it is whole.
func (f *frames) stepLine(data []byte, longest int, read func(line []byte) error) (taken int, err error) {
	taken, whole := f.gather(data[:min(len(data), longest+1-len(f.text))])
	switch {
	case len(f.text) > longest:
		err = misframed("a line between chunks is too long")
	case !whole:
	case !bytes.HasSuffix(f.text, []byte("\r\n")):
		err = misframed("a line between chunks ends without CR")
	default:
		err = read(f.text[:len(f.text)-len("\r\n")])
		f.text = f.text[:0]
	}
	if err != nil {
		return 0, err
	}
	return taken, nil
}

func (f *frames) openChunk(line []byte) error {
	// In a given base, ParseUint takes digits alone: no sign, no prefix, no underscores.
	size, err := strconv.ParseUint(string(line), 16, 32)
	if err != nil {
		return misframed("the size of a chunk is no number alone")
	}
	f.left, f.at = int64(size), inChunk //nolint:gosec // 32 bits
	if f.room -= f.left; f.bodies != nil && f.room < 0 {
		return fiber.ErrRequestEntityTooLarge
	}
	if size == 0 {
		f.at = inBodyEnd
	}
	return nil
}

func (f *frames) closeChunk(line []byte) error {
	if len(line) > 0 {
		return misframed("something stands behind a chunk")
	}
	if f.at == inChunkEnd {
		f.at = inChunkSize
	} else {
		f.at = inHead
	}
	return nil
}

// head is what the head of a request says of its frame.
type head struct {
	// length is that of the body in bytes, 0 for none; chunked tells that it comes in chunks instead.
	length  int64
	chunked bool
	// host is good for as long as the text that was read.
	host []byte
}

// once are the fields that a request may carry only once.
var once = [...]string{
	"content-length", "transfer-encoding", "host", "authorization", "content-type", "cookie", "origin",
}

// The places in once of the fields that frame a request.
const (
	lengthField = iota
	codingField
	hostField
)

// parseHead reads the head of a request, its lines ended by CR LF and the last one empty. No folded lines, no
// space before a colon, no stray control characters, one length and not two ways to tell it, only the transfer
// coding that every server knows and no version before HTTP/1.1 with it, and one host, the same in both places
// where it can stand.
func parseHead(text []byte) (head, error) {
	line, fields, _ := bytes.Cut(text, []byte("\r\n"))
	method, target, version, err := parseRequestLine(line)
	if err != nil {
		return head{}, err
	}
	read, seen, err := parseFields(fields)
	switch {
	case err != nil:
		return head{}, err
	case seen[lengthField] && seen[codingField]:
		return head{}, misframed("content-length with transfer-encoding")
	case seen[codingField] && string(version) != "HTTP/1.1":
		return head{}, misframed("transfer-encoding in HTTP/1.0")
	case !seen[hostField] && string(version) == "HTTP/1.1":
		return head{}, misframed("no host")
	case seen[hostField] && !hostLetters.spell(read.host):
		return head{}, misframed("not a host")
	}
	return read, checkTarget(method, target, read.host)
}

// parseRequestLine wants three words with one space between them (RFC 9112 §3).
func parseRequestLine(line []byte) (method, target, version []byte, err error) {
	method, rest, _ := bytes.Cut(line, []byte(" "))
	target, version, _ = bytes.Cut(rest, []byte(" "))
	known := string(version) == "HTTP/1.1" || string(version) == "HTTP/1.0"
	if !known || !tokenLetters.spell(method) || !targetLetters.spell(target) {
		return nil, nil, nil, misframed("the request line")
	}
	return method, target, version, nil
}

// parseFields reads the lines of fields and tells which of those that may stand only once do.
func parseFields(raw []byte) (read head, seen [len(once)]bool, err error) {
	for len(raw) > 0 {
		var line []byte
		line, raw, _ = bytes.Cut(raw, []byte("\r\n"))
		if len(line) == 0 {
			break // the end of the head
		}
		name, value, found := bytes.Cut(line, []byte(":"))
		if !found || !tokenLetters.spell(name) || valueLetters.prefix(value) < len(value) {
			return read, seen, misframed("a line of the head is no field")
		}
		at := slices.IndexFunc(once[:], func(field string) bool { return equalFold(name, field) })
		if at < 0 {
			continue
		}
		if seen[at] {
			return read, seen, misframed(once[at] + " twice")
		}
		seen[at] = true
		if err := read.take(at, bytes.Trim(value, " \t")); err != nil {
			return read, seen, err
		}
	}
	return read, seen, nil
}

// take notes a field that matters here.
func (h *head) take(at int, value []byte) error {
	switch at {
	case lengthField:
		// 63 bits, and digits alone: no sign, no list.
		length, err := strconv.ParseUint(string(value), 10, 63)
		if err != nil {
			return misframed("content-length is no number")
		}
		h.length = int64(length) //nolint:gosec // 63 bits
	case codingField:
		if h.chunked = equalFold(value, "chunked"); !h.chunked {
			return misframed("transfer coding")
		}
	case hostField:
		h.host = value
	}
	return nil
}

// checkTarget takes a path, a whole address of the host that the request names, which is how proxies are asked
// (RFC 9112 §3.2), and the server as a whole for OPTIONS.
func checkTarget(method, target, host []byte) error {
	if target[0] == '/' || string(target) == "*" && string(method) == fiber.MethodOptions {
		return nil
	}
	scheme, rest, _ := bytes.Cut(target, []byte("://"))
	authority, rest := rest[:hostLetters.prefix(rest)], rest[hostLetters.prefix(rest):]
	known := equalFold(scheme, "http") || equalFold(scheme, "https")
	if known && len(authority) > 0 && bytes.EqualFold(authority, host) && (len(rest) == 0 || rest[0] == '/' || rest[0] == '?') {
		return nil
	}
	return misframed("the request names two hosts, or none")
}

// letters is a set of bytes, as a table, because every request is looked at letter by letter.
type letters [256]bool

func lettersWhere(belongs func(b byte) bool) *letters {
	set := new(letters)
	for b := range set {
		set[b] = belongs(byte(b)) //nolint:gosec // below 256
	}
	return set
}

var (
	// tokenLetters are those of names of fields and methods (RFC 9110 §5.6.2): nothing hides around them.
	tokenLetters = lettersWhere(func(b byte) bool {
		return b > ' ' && b <= '~' && strings.IndexByte(`"(),/:;<=>?@[\]{}`, b) < 0
	})
	// valueLetters may stand in a value (RFC 9110 §5.5): no control characters but a tab.
	valueLetters = lettersWhere(func(b byte) bool { return b >= ' ' && b != 0x7f || b == '\t' })
	// targetLetters are visible, and begin no fragment, which browsers keep to themselves.
	targetLetters = lettersWhere(func(b byte) bool { return b > ' ' && b <= '~' && b != '#' })
	// hostLetters are those of a host and port (RFC 3986 §3.2.2): no @, behind which a host could hide.
	hostLetters = lettersWhere(func(b byte) bool {
		letter := 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' || '0' <= b && b <= '9'
		return letter || strings.IndexByte("-._~%!$&'()*+,;=:[]", b) >= 0
	})
)

// prefix is how many bytes at the beginning of a text belong to the set.
func (l *letters) prefix(text []byte) int {
	for i, b := range text {
		if !l[b] {
			return i
		}
	}
	return len(text)
}

// spell reports whether a text is made of the set, and not empty.
func (l *letters) spell(text []byte) bool { return len(text) > 0 && l.prefix(text) == len(text) }

// equalFold compares without a copy; most names differ in length already.
func equalFold(text []byte, word string) bool {
	return len(text) == len(word) && strings.EqualFold(string(text), word)
}
