// Package pwned asks a service of leaked passwords by the range protocol of Have I Been Pwned: the service learns five
// hexadecimal digits of a SHA-1, which some thousand leaked passwords share, and never a password, a whole hash, or
// whose it is (k-anonymity).
package pwned

import (
	"bufio"
	"context"
	"crypto/sha1" //nolint:gosec // the protocol names it; nothing here rests on its strength
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/doorward/doorward/core/credential"
)

const (
	// DefaultTimeout bounds one question, from dialling to the last byte of the answer.
	DefaultTimeout = time.Second
	// replyMax is the longest answer that is read, in bytes. Real ones have up to 2,000 lines of 40.
	replyMax = 256 << 10
	// connectionsMax is how many questions are asked at once; further ones wait, as long as their time lasts.
	connectionsMax = 16
	// prefixLength is how many digits of the hash are told, suffixLength how many come back.
	prefixLength, suffixLength = 5, 2*sha1.Size - prefixLength
)

// The results of a question, as an Observer is told.
const (
	Listed   = "listed"
	Unlisted = "unlisted"
	Failed   = "failed"
)

// Observer counts questions.
type Observer interface {
	// RangeAsked is told how a question ended (Listed, Unlisted, Failed) and how long it took.
	RangeAsked(result string, took time.Duration)
}

// Config says whom to ask.
type Config struct {
	// URL is what the five digits are appended to, such as https://api.pwnedpasswords.com/range.
	URL string
	// Timeout bounds one question; DefaultTimeout when zero.
	Timeout time.Duration
}

// Deps are what a List is made of. All are needed.
type Deps struct {
	// Local is asked first, and alone where the service does not answer.
	Local    credential.Blocklist
	Observer Observer
	Log      *slog.Logger
}

// List is a Blocklist that asks a service about what the local one does not hold. Safe for concurrent use.
type List struct {
	deps    Deps
	base    string
	timeout time.Duration
	client  *http.Client
}

var _ credential.Blocklist = (*List)(nil)

// New makes a list. It dials nobody. The error says that the URL is none.
func New(deps Deps, config Config) (*List, error) {
	base, err := url.Parse(config.URL)
	if err != nil || base.Host == "" || base.Scheme != "https" && base.Scheme != "http" || base.RawQuery != "" || base.Fragment != "" {
		return nil, errors.New("no absolute http or https URL without query and fragment")
	}
	transport := &http.Transport{
		Proxy: http.ProxyFromEnvironment, MaxConnsPerHost: connectionsMax, MaxIdleConnsPerHost: connectionsMax,
		IdleConnTimeout: 90 * time.Second, MaxResponseHeaderBytes: 16 << 10, ForceAttemptHTTP2: true,
	}
	list := &List{deps: deps, base: strings.TrimRight(config.URL, "/") + "/", timeout: config.Timeout, client: &http.Client{
		Transport: transport,
		// An answer that sends us elsewhere is none: who is asked is the operator's choice.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	if list.timeout == 0 {
		list.timeout = DefaultTimeout
	}
	return list, nil
}

// Close gives idle connections back.
func (l *List) Close() { l.client.CloseIdleConnections() }

// Contains implements credential.Blocklist. Where the service does not answer in time and form, which is logged and
// counted, the local list has the last word; the only other error is ctx's.
func (l *List) Contains(ctx context.Context, password string) (bool, error) {
	if found, err := l.deps.Local.Contains(ctx, password); found || err != nil {
		return found, err
	}
	begin := time.Now()
	found, err := l.ask(ctx, password)
	result := Unlisted
	switch {
	case err != nil:
		result = Failed
	case found:
		result = Listed
	}
	l.deps.Observer.RangeAsked(result, time.Since(begin))
	if err != nil && ctx.Err() != nil {
		return false, ctx.Err()
	}
	if err != nil {
		l.deps.Log.WarnContext(ctx, "the service of leaked passwords gave no answer; the embedded list decides", "error", err)
	}
	return found, nil
}

// ask puts the question. Its errors tell nothing of the password, not even the five digits.
func (l *List) ask(ctx context.Context, password string) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, l.timeout)
	defer cancel()
	sum := sha1.Sum([]byte(password)) //nolint:gosec // see the import
	digits := strings.ToUpper(hex.EncodeToString(sum[:]))
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, l.base+digits[:prefixLength], http.NoBody)
	if err != nil {
		return false, errors.New("the request cannot be made")
	}
	// Padding makes all answers about as long, so that who sees only their length learns nothing.
	request.Header.Set("Add-Padding", "true")
	request.Header.Set("User-Agent", "doorward")
	request.Header.Set("Accept", "text/plain")
	response, err := l.client.Do(request)
	if err != nil {
		return false, withoutURL(err)
	}
	defer response.Body.Close() //nolint:errcheck // nothing is lost
	if response.StatusCode != http.StatusOK {
		return false, fmt.Errorf("answered %d", response.StatusCode)
	}
	return find(response.Body, digits[prefixLength:])
}

func withoutURL(err error) error {
	var told *url.Error
	if errors.As(err, &told) {
		return told.Err
	}
	return err
}

// find reads an answer to its end and reports whether a line "SUFFIX:COUNT" has that suffix and a count above zero, which
// padding has not. An answer that is too long or has another form, even in one line, is none.
func find(reply io.Reader, suffix string) (bool, error) {
	found, lines, size := false, 0, 0
	scanner := bufio.NewScanner(io.LimitReader(reply, replyMax+1))
	for scanner.Scan() {
		size += len(scanner.Bytes()) + 1
		line, count, ok := strings.Cut(scanner.Text(), ":")
		if !ok || !isSuffix(line) || !isCount(count) {
			return false, errors.New("the answer is malformed")
		}
		found = found || strings.EqualFold(line, suffix) && strings.Trim(count, "0") != ""
		lines++
	}
	switch {
	case scanner.Err() != nil:
		return false, scanner.Err()
	case size > replyMax:
		return false, errors.New("the answer is too long")
	case lines == 0:
		return false, errors.New("the answer is empty")
	}
	return found, nil
}

func isSuffix(text string) bool {
	return len(text) == suffixLength && strings.Trim(text, "0123456789abcdefABCDEF") == ""
}

func isCount(text string) bool {
	return text != "" && len(text) <= 20 && strings.Trim(text, "0123456789") == ""
}
