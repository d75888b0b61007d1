package api

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/oapi-codegen/nullable"

	"github.com/doorward/doorward/api/oapi"
	"github.com/doorward/doorward/core"
)

// document is a JSON text on its way. The replies to the two requests that clients send all the time, getMe and
// refresh, are written by it: encoding/json takes a quarter of all that the server spends on the one, mostly for
// texts that are null and for times, which it encodes and then reads once more. What is written is what
// encoding/json writes, to the byte; a test holds every member of the contract's types to that.
type document []byte

// How long most replies are at the most, in bytes: an access token is some 600 of them.
const (
	meSize       = 1 << 10
	signedInSize = 2 << 10
)

// send answers with the text.
func (d document) send(c *fiber.Ctx, status int) error {
	c.Status(status)
	c.Response().Header.SetContentType(fiber.MIMEApplicationJSON)
	c.Response().SetBodyRaw(d)
	return nil
}

func (d document) me(me *meReply) document {
	d = d.member('{', "enrol_by").maybeTime(me.enrolBy)
	d = d.member(',', "impersonated_by")
	if me.impersonatedBy.IsZero() {
		d = append(d, "null"...)
	} else {
		d = d.id(me.impersonatedBy)
	}
	d = d.member(',', "session")
	if me.sessionless {
		d = append(d, "null"...)
	} else {
		d = d.session(me.session)
	}
	d = d.member(',', "user").user(me.user)
	return append(d, '}')
}

func (d document) signedIn(entry oapi.SignedIn) document {
	mark := byte('{')
	if entry.DeviceToken != "" {
		d, mark = d.member(mark, "device_token").quoted(entry.DeviceToken), ','
	}
	d = d.member(mark, "enrol_by").maybeTime(entry.EnrolBy)
	d = d.member(',', "session").session(entry.Session)
	d = d.member(',', "tokens").tokens(entry.Tokens)
	d = d.member(',', "user").user(entry.User)
	return append(d, '}')
}

func (d document) tokens(tokens oapi.Tokens) document {
	mark := byte('{')
	if tokens.AccessToken != "" {
		d, mark = d.member(mark, "access_token").quoted(tokens.AccessToken), ','
	}
	d = d.member(mark, "expires_in").number(tokens.ExpiresIn)
	d = d.member(',', "refresh_expires_in").number(tokens.RefreshExpiresIn)
	if tokens.RefreshToken != "" {
		d = d.member(',', "refresh_token").quoted(tokens.RefreshToken)
	}
	d = d.member(',', "token_type").quoted(string(tokens.TokenType))
	return append(d, '}')
}

func (d document) session(held oapi.Session) document {
	d = d.member('{', "auth_time").time(held.AuthTime)
	d = d.member(',', "browser").quoted(held.Browser)
	d = d.member(',', "created_at").time(held.CreatedAt)
	d = d.member(',', "current").flag(held.Current)
	d = d.member(',', "device").quoted(held.Device)
	d = d.member(',', "expires_at").time(held.ExpiresAt)
	d = d.member(',', "factors").list(held.Factors)
	d = d.member(',', "id").id(held.ID)
	d = d.member(',', "idle_expires_at").time(held.IdleExpiresAt)
	d = d.member(',', "ip").quoted(held.IP)
	d = d.member(',', "last_used_at").time(held.LastUsedAt)
	d = d.member(',', "location").maybeText(held.Location)
	d = d.member(',', "os").quoted(held.Os)
	return append(d, '}')
}

func (d document) user(user oapi.User) document {
	d = d.member('{', "bio").maybeText(user.Bio)
	d = d.member(',', "created_at").time(user.CreatedAt)
	d = d.member(',', "email").quoted(user.Email)
	d = d.member(',', "email_verified").flag(user.EmailVerified)
	d = d.member(',', "id").id(user.ID)
	d = d.member(',', "image_url").maybeText(user.ImageURL)
	d = d.member(',', "locale").maybeText(user.Locale)
	d = d.member(',', "name").quoted(user.Name)
	d = d.member(',', "phone").maybeText(user.Phone)
	d = d.member(',', "roles").list(user.Roles)
	d = d.member(',', "status").quoted(string(user.Status))
	d = d.member(',', "updated_at").time(user.UpdatedAt)
	d = d.member(',', "username").maybeText(user.Username)
	return append(d, '}')
}

// member begins a member behind a mark: a brace for the first one, a comma for others.
func (d document) member(mark byte, name string) document {
	d = append(d, mark, '"')
	d = append(d, name...)
	return append(d, '"', ':')
}

// plainLetters stand for themselves in a JSON text, also as encoding/json writes it, which lets no text end the
// script of a page.
var plainLetters = lettersWhere(func(b byte) bool {
	return b >= ' ' && b <= '~' && b != '"' && b != '\\' && b != '<' && b != '>' && b != '&'
})

func (d document) quoted(text string) document {
	for i := range len(text) {
		if !plainLetters[text[i]] {
			escaped, _ := json.Marshal(text) // a string always marshals
			return append(d, escaped...)
		}
	}
	d = append(d, '"')
	d = append(d, text...)
	return append(d, '"')
}

func (d document) maybeText(text nullable.Nullable[string]) document {
	value, err := text.Get()
	if err != nil {
		return append(d, "null"...)
	}
	return d.quoted(value)
}

func (d document) list(texts []string) document {
	mark := byte('[')
	for _, text := range texts {
		d, mark = append(d, mark).quoted(text), ','
	}
	if mark == '[' {
		d = append(d, mark)
	}
	return append(d, ']')
}

func (d document) time(at time.Time) document {
	d = append(d, '"')
	d = at.AppendFormat(d, time.RFC3339Nano)
	return append(d, '"')
}

func (d document) maybeTime(at nullable.Nullable[time.Time]) document {
	value, err := at.Get()
	if err != nil {
		return append(d, "null"...)
	}
	return d.time(value)
}

func (d document) id(id core.ID) document {
	d = append(d, '"')
	d = append(d, id.String()...)
	return append(d, '"')
}

func (d document) flag(is bool) document { return strconv.AppendBool(d, is) }

func (d document) number(n int64) document { return strconv.AppendInt(d, n, 10) }
