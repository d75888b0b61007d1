package accounttest

import (
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/coretest"
)

// Hash is a well-formed PHC string that no password matches.
const Hash account.PasswordHash = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g"

var ids = core.NewIDs(core.ClockFunc(time.Now))

// NewID makes an identifier that no other call makes.
func NewID() core.ID { return ids.New() }

// Person makes an active, verified user whose address and username are made of name; an empty name gives
// one that no other call makes.
func Person(name string) account.User {
	id := NewID()
	if name == "" {
		name = "p" + id.String()
	}
	return account.User{
		ID: id, Email: name + "@Example.com", EmailKey: name + "@example.com", EmailVerified: true,
		Username: name, UsernameKey: name,
		Profile: account.Profile{Name: "Ada Lovelace", Bio: "Counts.", Locale: "en-GB", Phone: "+442071234567"},
		Status:  account.StatusActive, Roles: []string{account.RoleUser},
		Source: account.SourceRegistered, Preferences: account.Preferences{Visibility: account.VisibilityPrivate},
		Password: Hash, PasswordChangedAt: coretest.Epoch, CreatedAt: coretest.Epoch, UpdatedAt: coretest.Epoch,
	}
}

// Pending makes a registration of the address name@example.com that lives for an hour from the epoch.
func Pending(name string) account.Registration {
	return account.Registration{
		ID: NewID(), Email: name + "@Example.com", EmailKey: name + "@example.com",
		Username: name, UsernameKey: name, Profile: account.Profile{Name: "Grace Hopper"}, Password: Hash,
		CreatedAt: coretest.Epoch, ExpiresAt: coretest.Epoch.Add(time.Hour),
	}
}
