package account

import "unicode/utf8"

// The parameters of Punycode (RFC 3492 §5).
const (
	punyBase, punyTMin, punyTMax = 36, 1, 26
	punySkew, punyDamp           = 38, 700
	punyInitialBias              = 72
)

const punyDigits = "abcdefghijklmnopqrstuvwxyz0123456789"

// punycode encodes a label that holds non-ASCII characters (RFC 3492 §6.3), without the prefix "xn--".
// The label is short, so that nothing overflows.
func punycode(label string) string {
	runes := []rune(label)
	var out []byte
	for _, r := range runes {
		if r < utf8.RuneSelf {
			out = append(out, byte(r))
		}
	}
	basic := len(out)
	if basic > 0 {
		out = append(out, '-')
	}
	n, delta, bias := rune(utf8.RuneSelf), 0, punyInitialBias
	for handled := basic; handled < len(runes); n++ {
		next := nextRune(runes, n)
		delta += int(next-n) * (handled + 1)
		n = next
		for _, r := range runes {
			if r < n {
				delta++
			}
			if r == n {
				out = appendVariable(out, delta, bias)
				bias = punyAdapt(delta, handled+1, handled == basic)
				delta = 0
				handled++
			}
		}
		delta++
	}
	return string(out)
}

// nextRune is the smallest rune of the label that is not below n.
func nextRune(runes []rune, n rune) rune {
	next := rune(utf8.MaxRune)
	for _, r := range runes {
		if r >= n && r < next {
			next = r
		}
	}
	return next
}

// appendVariable writes delta as a generalised variable-length integer (RFC 3492 §3.3).
func appendVariable(out []byte, delta, bias int) []byte {
	for k := punyBase; ; k += punyBase {
		threshold := min(max(k-bias, punyTMin), punyTMax)
		if delta < threshold {
			return append(out, punyDigits[delta])
		}
		out = append(out, punyDigits[threshold+(delta-threshold)%(punyBase-threshold)])
		delta = (delta - threshold) / (punyBase - threshold)
	}
}

// punyAdapt moves the bias (RFC 3492 §3.4).
func punyAdapt(delta, points int, first bool) int {
	if first {
		delta /= punyDamp
	} else {
		delta /= 2
	}
	delta += delta / points
	k := 0
	for delta > (punyBase-punyTMin)*punyTMax/2 {
		delta /= punyBase - punyTMin
		k += punyBase
	}
	return k + (punyBase-punyTMin+1)*delta/(delta+punySkew)
}
