package config

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/doorward/doorward/core/account"
)

// minArgon2MemoryTime is OWASP's headline minimum for argon2id: 19 MiB and two passes. Other pairs of
// its table trade memory for passes along about the same product.
const minArgon2MemoryTime = 7168 * 5

// checkProduction names every setting that is unsafe to run for real users, and what to set instead.
func (s Settings) checkProduction(found *findings) {
	found.require(s.Storage.MasterKeys != "", "MASTER_KEYS must be set in production: make one with \"api keys master\" and keep it safe.")
	found.require(!s.Mail.DevMailbox, "DEV_MAILBOX must be off in production.")
	found.require(s.Mail.SMTPURL != "", "SMTP_URL must be set in production.")
	found.require(strings.HasPrefix(s.Server.AppURL, "https://"), "APP_URL must be an https:// URL in production.")
	found.require(strings.HasPrefix(s.Server.FrontendURL, "https://"), "FRONTEND_URL must be an https:// URL in production.")
	found.require(!slices.ContainsFunc(s.Server.CORSOrigins, func(origin string) bool { return strings.HasPrefix(origin, "http:") }),
		"CORS_ORIGINS must begin with https:// in production: who can change a page without TLS could read the replies.")
	found.require(!strings.Contains(s.Mail.From, "@localhost"), "MAIL_FROM must be a real address in production.")
	found.require(s.Profile.SingleNode || !s.SQLite(),
		"DATABASE_URL must name a PostgreSQL database in production, or SINGLE_NODE=true must say that one replica is all.")
	found.require(s.Profile.SingleNode || s.Storage.ValkeyURL != "",
		"VALKEY_URL must be set in production, or SINGLE_NODE=true must say that one replica is all.")
	found.require(uint64(s.Password.MemoryKiB)*uint64(s.Password.Time) >= minArgon2MemoryTime && s.Password.MemoryKiB >= 7168,
		"ARGON2_MEMORY_KIB and ARGON2_TIME are below OWASP's minimum (19456 and 2, or an equivalent pair).")
	found.require(s.Accounts.HideExistence, "ENUMERATION_PROTECTION must be on in production.")
	found.require(!slices.ContainsFunc(s.Server.TrustedProxies, everybody),
		"TRUSTED_PROXIES must name the networks of the proxies alone: who is trusted may claim any address.")
	s.checkNarrowLimits(found)
	s.checkBounds(found)
	s.checkRange(found)
	s.checkEncryption(found)
}

// The longest lifetimes that production takes. A token is good for as long to others who only check its
// signature; a recent sign-in that is a day old is none; thirty days overall are what NIST SP 800-63B-4 asks
// for, and a year is the most that still is a limit. A deleted account outlives the window in which its
// owner can undo a thief's change of address.
const (
	longestAccess = time.Hour
	longestRecent = 24 * time.Hour
	longestStay   = 365 * 24 * time.Hour
)

func (s Settings) checkBounds(found *findings) {
	found.require(s.Tokens.AccessTTL <= longestAccess, "ACCESS_TOKEN_TTL is 1h at the most in production.")
	found.require(s.Accounts.ReauthenticationTTL <= longestRecent, "REAUTHENTICATION_TTL is 24h at the most in production.")
	found.require(s.Accounts.SessionMaxTTL <= longestStay, "SESSION_MAX_TTL is 8760h at the most in production.")
	found.require(s.Accounts.DeletionGrace >= account.UndoWindow, "DELETION_GRACE is 168h at least in production.")
}

// everybody reports whether a network is the whole Internet.
func everybody(network netip.Prefix) bool { return network.Bits() == 0 }

// checkRange wants TLS to the service of leaked passwords, wherever it is: its answer decides.
func (s Settings) checkRange(found *findings) {
	found.require(s.Password.RangeURL == "" || strings.HasPrefix(s.Password.RangeURL, "https://"),
		"PASSWORD_RANGE_URL must be an https:// URL in production.")
}

// checkEncryption wants TLS on every connection that leaves the machine (OWASP ASVS 5.0 12.3.2).
func (s Settings) checkEncryption(found *findings) {
	if s.Storage.AllowPlaintext {
		return
	}
	const permit = "or ALLOW_PLAINTEXT_NETWORK=true must say that it is on a private network."
	if database, ok := readDatabase(s.Storage.DatabaseURL.Reveal()); ok && !s.SQLite() && !database.local() {
		mode := database.Query().Get("sslmode")
		found.require(mode == "verify-full" || mode == "verify-ca", "DATABASE_URL must say sslmode=verify-full in production, "+permit)
	}
	if cache, ok := readPeer(s.Storage.ValkeyURL.Reveal()); ok && !cache.local() {
		found.require(cache.Scheme == "rediss" || cache.Scheme == "valkeys", "VALKEY_URL must begin with rediss:// in production, "+permit)
	}
	if mail, ok := readPeer(s.Mail.SMTPURL.Reveal()); ok && !mail.local() {
		found.require(mail.Scheme == "smtps" || mail.User != nil,
			"SMTP_URL must begin with smtps://, or carry credentials (which makes STARTTLS obligatory), in production, "+permit)
	}
}

// MailNeedsTLS reports whether a mail server that offers no encryption is to be refused: in production,
// unless it is on this machine or the network is said to be private.
func (s Settings) MailNeedsTLS() bool {
	if s.Profile.Environment != Production || s.Storage.AllowPlaintext {
		return false
	}
	server, ok := readPeer(s.Mail.SMTPURL.Reveal())
	return !ok || !server.local()
}
