package dashboard

import (
	"context"
	"time"

	"github.com/oapi-codegen/runtime/types"

	"github.com/doorward/doorward/api/internal/caller"
	"github.com/doorward/doorward/api/internal/form"
	"github.com/doorward/doorward/api/oapi"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/dashboard"
)

func count(counted dashboard.Count) oapi.FigureCount {
	return oapi.FigureCount{Value: form.Optional(counted.Value), Users: counted.Users}
}

func breakdown(figures dashboard.Breakdown) oapi.Breakdown {
	return oapi.Breakdown{
		Items: form.Each(figures.Items, count), Other: figures.Other, Total: figures.Total, AsOf: figures.AsOf, Exact: true,
	}
}

func authTypes(figures dashboard.AuthTypes) oapi.AuthTypes {
	return oapi.AuthTypes{
		Password: figures.Password, None: figures.None, SecondFactor: figures.SecondFactor,
		SecondFactors: form.Each(figures.Kinds, count), AsOf: figures.AsOf, Exact: true,
	}
}

func lately(figures dashboard.Lately) oapi.Lately {
	return oapi.Lately{Day: figures.Day, Week: figures.Week, Month: figures.Month}
}

func overview(figures dashboard.Overview) oapi.Overview {
	return oapi.Overview{
		Users: figures.Users, Statuses: form.Each(figures.Statuses, count), SecondFactor: figures.SecondFactor,
		Opened: lately(figures.Opened), SignIns: lately(figures.SignIns), AsOf: figures.AsOf, Exact: true,
	}
}

func growth(figures dashboard.Growth) oapi.Growth {
	return oapi.Growth{
		Interval: oapi.GrowthInterval(figures.Interval), Timezone: figures.Timezone, Items: form.Each(figures.Buckets, bucket),
		AsOf: figures.AsOf, Exact: true,
	}
}

func bucket(grown dashboard.Grown) oapi.GrowthBucket {
	day := time.Date(grown.Date.Year, grown.Date.Month, grown.Date.Day, 0, 0, 0, 0, time.UTC)
	return oapi.GrowthBucket{
		Date: types.Date{Time: day}, BeginsAt: grown.Begins, EndsAt: grown.Ends, Opened: grown.Opened, Total: grown.Total,
	}
}

func holders(counted dashboard.Holders) oapi.Holders {
	return oapi.Holders{ID: counted.ID, Name: counted.Name, Users: counted.Users}
}

func roles(figures dashboard.Roles) oapi.RoleStatistics {
	return oapi.RoleStatistics{
		Roles: form.Each(figures.Roles, holders), Groups: form.Each(figures.Groups, holders), AsOf: figures.AsOf, Exact: true,
	}
}

// signIns writes the newest sign-ins, to whoever may read sessions with whose they were and from where.
func signIns(ctx context.Context, figures dashboard.RecentSignIns) oapi.RecentSignIns {
	who, _ := caller.From(ctx)
	write := anonymous
	if who.Rights.Set.Has(access.SessionsRead) {
		write = signIn
	}
	return oapi.RecentSignIns{Items: form.Each(figures.Items, write), AsOf: figures.AsOf, Exact: true}
}

func signIn(in dashboard.SignIn) oapi.RecentSignIn {
	return oapi.RecentSignIn{
		SessionID: form.ID(in.Session), UserID: form.ID(in.User), Name: form.Optional(in.Name), Device: in.Kind, Browser: in.Browser,
		Os: in.OS, IP: form.Optional(in.IP), Location: form.Optional(in.Place), At: in.At,
	}
}

func anonymous(in dashboard.SignIn) oapi.RecentSignIn {
	return signIn(dashboard.SignIn{Kind: in.Kind, Browser: in.Browser, OS: in.OS, At: in.At})
}
