package config

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/caarlos0/env/v11"
	"github.com/joho/godotenv"

	"github.com/doorward/doorward/api"
)

// fileSuffix marks a variable that names a file with the value of another: SMTP_URL_FILE for SMTP_URL.
const fileSuffix = "_FILE"

// Load reads the settings from the process environment, over a .env file in the working folder where
// there is one, and checks them. The error lists every problem.
func Load() (Settings, error) {
	variables, err := godotenv.Read(".env")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Settings{}, fmt.Errorf("the .env file cannot be read: %w", err)
	}
	if variables == nil {
		variables = map[string]string{}
	}
	for _, pair := range os.Environ() {
		name, value, _ := strings.Cut(pair, "=")
		variables[name] = value
	}
	return Parse(variables)
}

// Parse makes settings of variables: it reads secret files, fills defaults that depend on others, and
// checks the whole. The error is an Invalid with every problem.
func Parse(variables map[string]string) (Settings, error) {
	flaws := readFiles(variables)
	settings, unread := read(variables)
	if len(unread) > 0 {
		// What does not read gives way to its default, so that the rest can be checked in the same go.
		for _, one := range unread {
			delete(variables, one.setting)
		}
		settings, _ = read(variables)
		flaws = append(flaws, unread...)
	}
	if problems := settings.problems(flaws); len(problems) > 0 {
		return settings, Invalid{Problems: problems}
	}
	return settings, nil
}

// flaw is a setting whose value cannot be had.
type flaw struct{ setting, problem string }

// problems are the flaws and what the check finds beside them. What it finds about a setting that has a
// flaw is left out: it looked at the default.
func (s Settings) problems(flaws []flaw) []string {
	var problems []string
	for _, one := range flaws {
		problems = append(problems, one.problem)
	}
	for _, found := range s.check() {
		if !slices.ContainsFunc(flaws, func(one flaw) bool { return one.setting != "" && strings.Contains(found, one.setting) }) {
			problems = append(problems, found)
		}
	}
	return problems
}

// readFiles replaces NAME_FILE by NAME for every setting. A setting given both ways is a flaw.
func readFiles(variables map[string]string) []flaw {
	var flaws []flaw
	for _, field := range Fields() {
		path := variables[field.Name+fileSuffix]
		if path == "" {
			continue
		}
		if variables[field.Name] != "" {
			flaws = append(flaws, flaw{field.Name, fmt.Sprintf("%s and %s%s are both set: keep one.", field.Name, field.Name, fileSuffix)})
			continue
		}
		contents, err := os.ReadFile(path)
		if err != nil {
			flaws = append(flaws, flaw{field.Name, fmt.Sprintf("%s%s cannot be read: %v.", field.Name, fileSuffix, err)})
			continue
		}
		variables[field.Name] = strings.TrimRight(string(contents), "\r\n")
	}
	return flaws
}

// read makes settings of variables and leaves the variables as they are.
func read(variables map[string]string) (Settings, []flaw) {
	variables = maps.Clone(variables)
	fillDefaults(variables)
	settings, err := env.ParseAsWithOptions[Settings](env.Options{Environment: variables})
	return settings, flawsOf(err)
}

func flawsOf(err error) []flaw {
	if err == nil {
		return nil
	}
	var all env.AggregateError
	if !errors.As(err, &all) {
		return []flaw{{problem: err.Error()}}
	}
	var flaws []flaw
	for _, one := range all.Errors {
		var parse env.ParseError
		if errors.As(one, &parse) {
			// The value is left out: it may be a secret.
			name := nameOf(parse.Name)
			flaws = append(flaws, flaw{name, fmt.Sprintf("%s does not read as %s.", name, readable(parse.Type.String()))})
			continue
		}
		flaws = append(flaws, flaw{problem: one.Error()})
	}
	return flaws
}

func readable(kind string) string {
	switch kind {
	case "time.Duration":
		return "a duration such as 15m or 720h"
	case "bool":
		return "true or false"
	case "limit.Limit":
		return "a limit such as 5/1m, of 1 to 1000000 in 1s to 24h"
	case "netip.Prefix", "[]netip.Prefix":
		return "networks such as 10.0.0.0/8"
	default:
		return "a whole number in range"
	}
}

// fillDefaults sets the variables whose default depends on others, where they are not set.
func fillDefaults(variables map[string]string) {
	production := Environment(variables["APP_ENV"]) == Production
	unset := func(name, value string) {
		if variables[name] == "" {
			variables[name] = value
		}
	}
	unset("PORT", "8080")
	unset("DATA_DIR", "./data")
	unset("HOST", choose(production, "0.0.0.0", "127.0.0.1"))
	unset("APP_URL", "http://localhost:"+variables["PORT"])
	unset("FRONTEND_URL", variables["APP_URL"])
	unset("DRAIN_DELAY", choose(production, "5s", "0s"))
	unset("DATABASE_URL", "sqlite://"+filepath.Join(variables["DATA_DIR"], "doorward.db"))
	unset("DATABASE_MAX_CONNS", strconv.Itoa(max(16, 4*runtime.NumCPU())))
	unset("DEV_MAILBOX", strconv.FormatBool(variables["SMTP_URL"] == "" && !production))
	unset("TOKEN_ISSUER", variables["APP_URL"])
	unset("TOKEN_AUDIENCE", variables["APP_URL"])
	unset("HASH_WORKERS", strconv.Itoa(max(1, runtime.GOMAXPROCS(0)-1)))
	unset("LOG_FORMAT", choose(production, "json", "console"))
	unset("CLEANUP_INTERVAL", choose(strings.HasPrefix(variables["DATABASE_URL"], "sqlite:"), "1h", "0s"))
	for _, name := range []string{"APP_URL", "FRONTEND_URL"} {
		variables[name] = strings.TrimRight(variables[name], "/")
	}
	if front := api.OriginOf(variables["FRONTEND_URL"]); front != api.OriginOf(variables["APP_URL"]) {
		unset("CORS_ORIGINS", front)
	}
}

func choose[T any](condition bool, yes, no T) T {
	if condition {
		return yes
	}
	return no
}

// SQLite reports whether the database is an SQLite file.
func (s Settings) SQLite() bool { return strings.HasPrefix(s.Storage.DatabaseURL.Reveal(), "sqlite:") }

// SQLitePath is the path of the SQLite file.
func (s Settings) SQLitePath() string {
	path := strings.TrimPrefix(s.Storage.DatabaseURL.Reveal(), "sqlite:")
	return strings.TrimPrefix(path, "//")
}

// DatabaseName is what people call the database: its name on the server, or the file. It is empty where DATABASE_URL says
// none. server is where a PostgreSQL database is.
func (s Settings) DatabaseName() (name, server string) {
	if s.SQLite() {
		name = filepath.Base(s.SQLitePath())
		if name == "." || name == string(filepath.Separator) {
			name = ""
		}
		return name, ""
	}
	read, ok := readDatabase(s.Storage.DatabaseURL.Reveal())
	if !ok {
		return "", ""
	}
	return read.database(), strings.Join(read.hosts, ",")
}

// ServesPages reports whether links in mails lead to this server.
func (s Settings) ServesPages() bool { return s.Server.FrontendURL == s.Server.AppURL }
