package account_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/doorward/doorward/core/account"
)

func TestPasswordHashNeverShowsItself(t *testing.T) {
	t.Parallel()
	user := account.User{Password: "$argon2id$canary"}
	encoded, err := json.Marshal(user)
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("user", "user", user, "hash", user.Password)
	shown := []string{
		string(encoded), log.String(), fmt.Sprint(user), fmt.Sprintf("%+v %#v %q", user, user, user.Password),
	}
	for _, text := range shown {
		if strings.Contains(text, "canary") || !strings.Contains(text, "[redacted]") {
			t.Errorf("shown: %s", text)
		}
	}
}
