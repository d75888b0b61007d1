package valkey

import "time"

// Settling is settling for a Valkey that answered lately or did not, and was ever trusted or was not.
func Settling(answers, ever bool, up time.Duration) bool {
	if !answers {
		return settling(nil, up)
	}
	return settling(&beatState{ever: ever}, up)
}
