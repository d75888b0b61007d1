// Command bare is what the server is measured against: the same framework with a handler that answers a JSON
// document of the same size and does nothing else, and the same hash without anything around it.
//
//	bare serve -answer FILE     listen on a free port of loopback, print it, and answer GET with the document
//	bare hash -n N              make N argon2id hashes and print the CPU time of one in microseconds
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"os"
	"syscall"
	"time"

	"github.com/gofiber/fiber/v2"
	"golang.org/x/crypto/argon2"
)

// me is the document that GET /v1/me answers with, in plain types.
type me struct {
	User           user       `json:"user"`
	Session        session    `json:"session"`
	EnrolBy        *time.Time `json:"enrol_by"`
	ImpersonatedBy *string    `json:"impersonated_by"`
}

type user struct {
	ID            string    `json:"id"`
	Email         string    `json:"email"`
	EmailVerified bool      `json:"email_verified"`
	Username      *string   `json:"username"`
	Name          string    `json:"name"`
	Bio           *string   `json:"bio"`
	ImageURL      *string   `json:"image_url"`
	Locale        *string   `json:"locale"`
	Phone         *string   `json:"phone"`
	Status        string    `json:"status"`
	Roles         []string  `json:"roles"`
	CreatedAt     time.Time `json:"created_at"`
	UpdatedAt     time.Time `json:"updated_at"`
}

type session struct {
	ID            string    `json:"id"`
	Current       bool      `json:"current"`
	Device        string    `json:"device"`
	Browser       string    `json:"browser"`
	OS            string    `json:"os"`
	IP            string    `json:"ip"`
	Location      *string   `json:"location"`
	Factors       []string  `json:"factors"`
	CreatedAt     time.Time `json:"created_at"`
	LastUsedAt    time.Time `json:"last_used_at"`
	AuthTime      time.Time `json:"auth_time"`
	ExpiresAt     time.Time `json:"expires_at"`
	IdleExpiresAt time.Time `json:"idle_expires_at"`
}

func main() {
	answer := flag.String("answer", "", "serve: file with the document to answer with")
	count := flag.Int("n", 20, "hash: how many")
	if len(os.Args) < 2 {
		fail(fmt.Errorf("say serve or hash"))
	}
	_ = flag.CommandLine.Parse(os.Args[2:])
	if os.Args[1] == "hash" {
		hash(*count)
		return
	}
	fail(serve(*answer))
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bare:", err)
		os.Exit(1)
	}
}

func serve(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var answer me
	if err := json.Unmarshal(text, &answer); err != nil {
		return err
	}
	// The settings of the server's own application.
	app := fiber.New(fiber.Config{
		BodyLimit: 1 << 20, ReadBufferSize: 16 << 10, ReadTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second,
		IdleTimeout: 75 * time.Second, CaseSensitive: true, StrictRouting: true, DisableStartupMessage: true,
		Immutable: true, DisablePreParseMultipartForm: true,
	})
	app.Get("/v1/me", func(c *fiber.Ctx) error { return c.JSON(answer) })
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // for the life of the process
	if err != nil {
		return err
	}
	fmt.Println(listener.Addr())
	return app.Listener(listener)
}

// The parameters that the server hashes with unless told otherwise.
const (
	memoryKiB = 19_456
	passes    = 2
	lanes     = 1
	length    = 32
)

func hash(count int) {
	salt := make([]byte, 16)
	argon2.IDKey([]byte("warm"), salt, passes, memoryKiB, lanes, length)
	before := used()
	for range count {
		argon2.IDKey([]byte("correct horse battery staple"), salt, passes, memoryKiB, lanes, length)
	}
	fmt.Println((used() - before).Microseconds() / int64(count))
}

// used is the CPU time of this process.
func used() time.Duration {
	var usage syscall.Rusage
	fail(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
