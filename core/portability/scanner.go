package portability

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// scanner cuts a text into lines. It holds one line, and never more than LineMax bytes of it.
type scanner struct {
	reader *bufio.Reader
	number int
}

func newScanner(body io.Reader) *scanner {
	return &scanner{reader: bufio.NewReaderSize(body, LineMax+1)}
}

// next gives the next line that is not blank, without its end, and its number, from 1. It is good until next is called
// again. A line that is too long is given as more than LineMax bytes of it. The last line may lack its end. The errors
// are those of the reader, io.EOF after the last line.
func (s *scanner) next() (text []byte, number int, err error) {
	for {
		text, err = s.reader.ReadSlice('\n')
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) && (!errors.Is(err, io.EOF) || len(text) == 0) {
			return nil, s.number, err
		}
		s.number++
		if errors.Is(err, bufio.ErrBufferFull) {
			return text, s.number, s.skip()
		}
		if text = bytes.TrimSpace(text); len(text) > 0 {
			return text, s.number, nil
		}
	}
}

// skip reads past the rest of a line that is too long. The text that was read of it stays long, and means nothing.
func (s *scanner) skip() error {
	for {
		_, err := s.reader.ReadSlice('\n')
		switch {
		case err == nil, errors.Is(err, io.EOF):
			return nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return err
		}
	}
}
