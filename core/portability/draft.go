package portability

import (
	"cmp"
	"crypto/sha256"
	"slices"
	"strings"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
)

// draft is a line whose values have been looked at.
type draft struct {
	line   Line
	number int
	digest Digest
	// user is the account as the line alone would make it.
	user account.User
}

// draftOf looks at the values of a line. The error is of KindInvalid and names every member that breaks a rule.
func (s *Service) draftOf(line Line, number int, now time.Time) (draft, error) {
	made := draft{line: line, number: number, digest: sha256.Sum256(AppendLine(nil, line))}
	user := account.User{
		Status: account.StatusActive, Source: account.SourceImported, ExternalID: line.ExternalID,
		EmailVerified: line.EmailVerified, Password: line.Password, Roles: line.Roles,
		CreatedAt: line.CreatedAt, UpdatedAt: now, Profile: account.Profile{Name: line.Name, Phone: line.Phone},
		Preferences: account.Preferences{Visibility: account.VisibilityPrivate},
	}
	var violations core.Violations
	var err error
	user.Email, user.EmailKey, err = account.NormalizeEmail(line.Email)
	violations.Add(fieldEmail, err)
	if line.Username != "" {
		user.Username, user.UsernameKey, err = account.NormalizeUsername(line.Username)
		violations.Add(fieldUsername, err)
	}
	user.Profile.Name = cmp.Or(user.Profile.Name, user.Username, local(user.Email))
	violations.AddFields(user.Profile.Validate("")...)
	if line.Password != "" {
		violations.Add(fieldPasswordHash, s.deps.Hashes.Check(line.Password))
		user.PasswordChangedAt = now
	}
	violations.Add(fieldCreatedAt, checkBirth(&user, now))
	if line.Roles == nil {
		user.Roles = []string{account.RoleUser}
	}
	made.user = user
	return made, violations.Err()
}

// local is the part of an address before the @, which names somebody of whom nothing else is known.
func local(email string) string {
	name, _, _ := strings.Cut(email, "@")
	return name
}

// checkBirth takes any time since there was software to keep accounts, up to now.
func checkBirth(user *account.User, now time.Time) error {
	if user.CreatedAt.IsZero() {
		user.CreatedAt = now
	}
	if user.CreatedAt.Before(time.Unix(0, 0)) || user.CreatedAt.After(now) {
		return core.InvalidField(fieldCreatedAt, core.CodeOutOfRange, "This is before 1970 or in the future.")
	}
	return nil
}

// plain reports whether a new account of the draft gets no role but the one that everybody has.
func (d draft) plain() bool { return slices.Equal(d.user.Roles, []string{account.RoleUser}) }

// mark is what the draft leaves of the account that it made.
func (d draft) mark() Mark {
	return Mark{
		Line: d.digest, Password: digestOf(d.line.Password), PasswordAt: d.user.PasswordChangedAt,
		EmailKey: d.user.EmailKey, EmailVerified: d.user.EmailVerified, ExternalID: d.user.ExternalID,
	}
}

// digestOf is the digest of a hash; zero for none.
func digestOf(hash account.PasswordHash) Digest {
	if hash == "" {
		return Digest{}
	}
	return sha256.Sum256([]byte(hash))
}

// amend makes an account that stands what the line says of it, as far as its owner has not gone ahead: an address that
// they have changed or proven here stays, and so does a password that they have set here. mark is brought along.
// Nothing is taken away that the line does not tell of. Who is spared signs in as before, from now on: else administrators
// could sign in as one another, and leave no trace of who it was.
func (d draft) amend(user *account.User, known Known, spared bool, mark *Mark) (done amended) {
	user.UpdatedAt = d.user.UpdatedAt
	user.Profile.Phone = cmp.Or(d.user.Profile.Phone, user.Profile.Phone)
	if d.line.Name != "" {
		user.Profile.Name = d.user.Profile.Name
	}
	if d.user.Username != "" && !spared {
		user.Username, user.UsernameKey = d.user.Username, d.user.UsernameKey
	}
	if !known.Marked {
		return done
	}
	*mark = known.Mark
	mark.Line = d.digest
	if spared {
		return done
	}
	if user.EmailKey == mark.EmailKey && user.EmailVerified == mark.EmailVerified {
		done.moved = user.EmailKey != d.user.EmailKey
		verified := d.user.EmailVerified || user.EmailVerified && d.user.EmailKey == user.EmailKey
		user.Email, user.EmailKey, user.EmailVerified = d.user.Email, d.user.EmailKey, verified
		mark.EmailKey, mark.EmailVerified = user.EmailKey, verified
	}
	digest := digestOf(d.line.Password)
	if digest == (Digest{}) || digest == mark.Password || !user.PasswordChangedAt.Equal(mark.PasswordAt) {
		return done
	}
	user.Password, user.PasswordChangedAt = d.line.Password, d.user.PasswordChangedAt
	mark.Password, mark.PasswordAt = digest, d.user.PasswordChangedAt
	done.replaced = true
	return done
}

// amended tells what is another now: the address, the password.
type amended struct{ moved, replaced bool }
