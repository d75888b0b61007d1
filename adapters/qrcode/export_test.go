package qrcode

// EncodeMasked draws a code with a mask that the caller has chosen.
func EncodeMasked(text string, mask int) (Code, error) {
	base, err := unmasked(text)
	if err != nil {
		return Code{}, err
	}
	return base.masked(mask), nil
}

// Mask is the mask that was taken.
func (c Code) Mask() int { return c.mask }

// Version is the version that was taken.
func (c Code) Version() int { return c.version }

// Penalty is how badly the code reads.
func (c Code) Penalty() int { return c.penalty() }
