package valkey

import (
	"encoding/json"

	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/session"
)

func encodeSession(held session.Session) (string, error) {
	held.Chain = session.Chain{}
	body, err := json.Marshal(held)
	return string(body), err
}

func decodeSession(body string) (session.Session, error) {
	var held session.Session
	err := json.Unmarshal([]byte(body), &held)
	return held, err
}

func encodeUser(held account.User) (string, error) {
	held.Password = ""
	body, err := json.Marshal(held)
	return string(body), err
}

func decodeUser(body string) (account.User, error) {
	var held account.User
	err := json.Unmarshal([]byte(body), &held)
	held.Password = ""
	return held, err
}
