// Package qrcode draws QR codes (ISO/IEC 18004:2015, model 2): a text as bytes, error correction of level M (15 % of a
// code may be unreadable), versions 1 to 20, so texts of up to 666 bytes.
package qrcode

import (
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/mfa"
)

// ErrTooLong is the answer to a text that a code of version 20 does not hold.
var ErrTooLong = core.NewError(core.KindInvalid, core.CodeTooLong, "The text is longer than the 666 bytes that a QR code holds.")

// Code is a drawn QR code: a square of modules, light or dark.
type Code struct {
	size    int
	dark    [][]bool // by row, then column
	version int
	mask    int
}

// Size is the number of modules along an edge, without the quiet zone around: 21 to 97.
func (c Code) Size() int { return c.size }

// Dark reports whether the module in column x of row y is dark. Outside of the code nothing is.
func (c Code) Dark(x, y int) bool {
	return x >= 0 && y >= 0 && x < c.size && y < c.size && c.dark[y][x]
}

// Encode draws the smallest code that holds the text, with the mask that reads best. The same text always gives the
// same code. ErrTooLong beyond 666 bytes. Texts beyond ASCII stand there as UTF-8, which readers recognise.
func Encode(text string) (Code, error) {
	base, err := unmasked(text)
	if err != nil {
		return Code{}, err
	}
	best, least := Code{}, 0
	for mask := range masks {
		code := base.masked(mask)
		if points := code.penalty(); mask == 0 || points < least {
			best, least = code, points
		}
	}
	return best, nil
}

// unmasked lays the text out in the smallest version that holds it.
func unmasked(text string) (*canvas, error) {
	for version := 1; version <= versionMax; version++ {
		if len(text) <= capacity(version) {
			c := newCanvas(version)
			c.place(interleave(version, codewords(version, text)))
			return c, nil
		}
	}
	return nil, ErrTooLong
}

// Painter implements mfa.Painter. Its zero value is ready, and safe for concurrent use.
type Painter struct{}

var _ mfa.Painter = Painter{}

// Paint implements mfa.Painter. ErrTooLong beyond 666 bytes.
func (Painter) Paint(text string) (png []byte, svg string, err error) {
	code, err := Encode(text)
	if err != nil {
		return nil, "", err
	}
	return code.PNG(), code.SVG(), nil
}
