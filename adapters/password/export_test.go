package password

// Reparse reads a PHC string and writes it again; false where it is not accepted.
func Reparse(text string) (string, bool) {
	parsed, ok := parsePHC(text)
	return parsed.String(), ok
}
