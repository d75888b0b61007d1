package seed

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/account"
)

// The catalogue of a product that people read and pay for, whatever the seed.
var (
	rights = []access.Permission{
		{Key: "articles.read", Description: "Read what is not published yet", Category: "content"},
		{Key: "articles.write", Description: "Write articles and change them", Category: "content"},
		{Key: "articles.publish", Description: "Publish articles", Category: "content"},
		{Key: "comments.moderate", Description: "Hide comments", Category: "content"},
		{Key: "invoices.read", Description: "See invoices", Category: "billing"},
		{Key: "invoices.refund", Description: "Pay money back", Category: "billing"},
		{Key: "reports.read", Description: "See reports", Category: "reports"},
	}
	roles = []access.Role{
		{Name: "AUTHOR", Description: "Writes", Permissions: []string{"articles.read", "articles.write"}},
		{Name: "EDITOR", Description: "Decides what is published", Permissions: []string{"articles.publish", "articles.read", "articles.write", "comments.moderate"}},
		{Name: "SUPPORT", Description: "Helps users", Permissions: []string{"invoices.read", "sessions.read", "users.read"}},
		{Name: "ANALYST", Description: "Looks at figures", Permissions: []string{"dashboard.read", "reports.read"}},
	}
	groups = []access.Group{
		{Name: "newsroom", Description: "Who makes the paper", Permissions: []string{"articles.read"}},
		{Name: "billing", Description: "Who handles money", Permissions: []string{"invoices.read", "invoices.refund"}},
		{Name: "moderators", Description: "Volunteers who keep it civil", Permissions: []string{"comments.moderate"}},
		{Name: "beta-testers", Description: "Who sees things first"},
		{Name: "security", Description: "Who looks into incidents", Permissions: []string{"audit.read", "users.read"}},
	}
)

// Catalogue gives the roles, groups and permissions of the population, besides the built-in ones. All were made when
// the first user came.
func (p Population) Catalogue() access.Content {
	at := p.Until.Add(-Span)
	made := access.Content{
		Permissions: slices.Clone(rights), Roles: slices.Clone(roles), Groups: slices.Clone(groups),
	}
	for i := range made.Permissions {
		made.Permissions[i].ID, made.Permissions[i].CreatedAt = catalogueID('p', i), at
	}
	for i := range made.Roles {
		made.Roles[i].ID, made.Roles[i].CreatedAt, made.Roles[i].UpdatedAt = catalogueID('r', i), at, at
	}
	for i := range made.Groups {
		made.Groups[i].ID, made.Groups[i].CreatedAt, made.Groups[i].UpdatedAt = catalogueID('g', i), at, at
	}
	return made.Sorted()
}

// catalogueID does not depend on the population: there is one catalogue for all of them.
func catalogueID(kind byte, number int) core.ID {
	dice := rand.New(rand.NewPCG(uint64(kind), uint64(number))) //nolint:gosec // repeatable on purpose
	return timedID(time.UnixMilli(1).UTC(), dice)
}

// place gives some users roles and groups beyond what everybody has: one of fifty a role, one of twenty a group.
func (p Population) place(user *account.User, dice *rand.Rand) {
	if dice.IntN(50) == 0 {
		user.Roles = append(user.Roles, pick(dice, roles).Name)
		slices.Sort(user.Roles)
	}
	if dice.IntN(20) == 0 {
		user.Groups = []core.ID{catalogueID('g', skewed(dice, len(groups)))}
	}
}

// String tells of the population in a line.
func (p Population) String() string {
	return fmt.Sprintf("%d users, %d sessions, %d events", p.Users, p.Sessions, p.Events)
}
