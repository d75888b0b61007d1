// Package compact is the one form in which copies of things are written that caches keep as bytes: a version, then the
// fields in their order, ids as 16 bytes, numbers as varints (times in Unix microseconds, zero for none), texts and lists
// after their length. A copy of another version, as an older replica may leave, does not fit and is then like one that
// is not there.
package compact

import (
	"encoding/binary"
	"time"

	"github.com/doorward/doorward/core"
)

// Writer appends fields to Buf.
type Writer struct{ Buf []byte }

// NewWriter begins with the version; size is how many bytes are expected.
func NewWriter(version byte, size int) *Writer {
	w := &Writer{Buf: make([]byte, 0, size)}
	w.Buf = append(w.Buf, version)
	return w
}

// ID writes 16 bytes.
func (w *Writer) ID(id core.ID) { w.Buf = append(w.Buf, id[:]...) }

// Number writes a signed number.
func (w *Writer) Number(n int64) { w.Buf = binary.AppendVarint(w.Buf, n) }

// Length writes how many of something follow.
func (w *Writer) Length(n int) { w.Buf = binary.AppendUvarint(w.Buf, uint64(n)) } //nolint:gosec // a length

// Flag writes one byte.
func (w *Writer) Flag(set bool) {
	var flag byte
	if set {
		flag = 1
	}
	w.Buf = append(w.Buf, flag)
}

// Text writes a text behind its length.
func (w *Writer) Text(text string) {
	w.Length(len(text))
	w.Buf = append(w.Buf, text...)
}

// List writes texts behind their number.
func (w *Writer) List(list []string) {
	w.Length(len(list))
	for _, text := range list {
		w.Text(text)
	}
}

// IDs writes identifiers behind their number.
func (w *Writer) IDs(ids []core.ID) {
	w.Length(len(ids))
	for _, id := range ids {
		w.ID(id)
	}
}

// Time writes microseconds of Unix time; zero for no time.
func (w *Writer) Time(at time.Time) {
	if at.IsZero() {
		w.Number(0)
		return
	}
	w.Number(at.UnixMicro())
}

// Reader reads fields until one does not fit; from then on it gives zero values and never finishes.
// Texts are cut from the one copy of the data.
type Reader struct {
	rest string
	bad  bool
}

// NewReader begins behind the version. Where it is another, nothing fits.
func NewReader(data []byte, version byte) Reader {
	if len(data) == 0 || data[0] != version {
		return Reader{bad: true}
	}
	return Reader{rest: string(data[1:])}
}

// Finished reports whether every field fitted and nothing is left.
func (r *Reader) Finished() bool { return !r.bad && r.rest == "" }

// take gives the next n bytes.
func (r *Reader) take(n uint64) string {
	if r.bad || n > uint64(len(r.rest)) {
		r.bad = true
		return ""
	}
	taken := r.rest[:n]
	r.rest = r.rest[n:]
	return taken
}

// ID reads an identifier.
func (r *Reader) ID(id *core.ID) { copy(id[:], r.take(uint64(len(id)))) }

// Flag reads a flag.
func (r *Reader) Flag() bool { return r.take(1) == "\x01" }

// Length reads what binary.AppendUvarint wrote.
func (r *Reader) Length() (n uint64) {
	for i := range min(len(r.rest), binary.MaxVarintLen64) {
		b := r.rest[i]
		n |= uint64(b&0x7f) << (7 * i)
		if b < 0x80 {
			r.rest = r.rest[i+1:]
			return n
		}
	}
	r.bad = true
	return 0
}

// Number reads what binary.AppendVarint wrote.
func (r *Reader) Number() int64 {
	zigzag := r.Length()
	return int64(zigzag>>1) ^ -int64(zigzag&1) //nolint:gosec // the two halves of the range
}

// Time reads a time, in UTC.
func (r *Reader) Time() time.Time {
	micros := r.Number()
	if micros == 0 {
		return time.Time{}
	}
	return time.UnixMicro(micros).UTC()
}

// Text reads a text.
func (r *Reader) Text() string { return r.take(r.Length()) }

// List reads texts; nil for none.
func (r *Reader) List() []string {
	n := r.Length()
	if r.bad || n > uint64(len(r.rest)) {
		r.bad = true
		return nil
	}
	if n == 0 {
		return nil
	}
	list := make([]string, n)
	for i := range list {
		list[i] = r.Text()
	}
	return list
}

// IDs reads identifiers; nil for none.
func (r *Reader) IDs() []core.ID {
	n := r.Length()
	if r.bad || n > uint64(len(r.rest))/uint64(len(core.ID{})) {
		r.bad = true
		return nil
	}
	if n == 0 {
		return nil
	}
	ids := make([]core.ID, n)
	for i := range ids {
		r.ID(&ids[i])
	}
	return ids
}

// Count reads how many of something follow. What could not be there, each taking a byte at least, does not fit.
func (r *Reader) Count() int {
	n := r.Length()
	if n > uint64(len(r.rest)) {
		r.bad = true
		return 0
	}
	return int(n) //nolint:gosec // no more than there are bytes
}
