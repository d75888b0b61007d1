package config

import "strconv"

// Bound gives the settings with PORT=0 replaced by the port that was taken, in every URL that was derived
// from it. Settings with another PORT come back as they are.
func (s Settings) Bound(port int) Settings {
	if s.Server.Port != 0 {
		return s
	}
	before, after := derivedURL(0), derivedURL(port)
	s.Server.Port = port
	for _, text := range []*string{&s.Server.AppURL, &s.Server.FrontendURL, &s.Tokens.Issuer, &s.Tokens.Audience} {
		if *text == before {
			*text = after
		}
	}
	return s
}

// derivedURL is the APP_URL of a server that is told none.
func derivedURL(port int) string { return "http://localhost:" + strconv.Itoa(port) }
