package mail

import (
	"maps"
	"slices"
)

// harmless are the notices that their reader may mute, each with the reason why that helps no thief. Every
// other kind is sent whatever the reader chose: OWASP ASVS 5.0 6.3.5 and 6.3.7 have people told of suspicious
// sign-ins and of changes of what they sign in with, and who has taken an account over would mute those first.
var harmless = map[Kind]string{
	// Nothing was opened, and nothing of the account was touched.
	KindAlreadyRegistered: "nothing was changed",
	// The sign-in that ended the oldest session is told by KindNewDevice unless it came from a known device.
	KindSessionEvicted: "a new device is told anyway",
	// Trust is given at a sign-in, which KindNewDevice tells of unless it came from a known device.
	KindDeviceTrusted: "a new device is told anyway",
}

// Harmless reports whether readers may mute letters of the kind.
func Harmless(kind Kind) bool { return harmless[kind] != "" }

// HarmlessKinds are the kinds that readers may mute, sorted.
func HarmlessKinds() []Kind { return slices.Sorted(maps.Keys(harmless)) }

// HeldBack reports whether the letter is not to be sent because its reader wants none of its kind.
func (l Letter) HeldBack() bool { return l.Unwanted && Harmless(l.Kind) }
