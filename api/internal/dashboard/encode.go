package dashboard

import (
	"time"

	"github.com/oapi-codegen/runtime/types"

	"github.com/doorward/doorward/api/internal/form"
	"github.com/doorward/doorward/api/oapi"
	"github.com/doorward/doorward/core/dashboard"
)

// each writes a list, an empty one too.
func each[From, To any](items []From, write func(From) To) []To {
	written := make([]To, 0, len(items))
	for _, item := range items {
		written = append(written, write(item))
	}
	return written
}

func count(counted dashboard.Count) oapi.FigureCount {
	return oapi.FigureCount{Value: form.Optional(counted.Value), Users: counted.Users}
}

func breakdown(figures dashboard.Breakdown) oapi.Breakdown {
	return oapi.Breakdown{
		Items: each(figures.Items, count), Other: figures.Other, Total: figures.Total, AsOf: figures.AsOf, Exact: true,
	}
}

func authTypes(figures dashboard.AuthTypes) oapi.AuthTypes {
	return oapi.AuthTypes{
		Password: figures.Password, None: figures.None, SecondFactor: figures.SecondFactor,
		SecondFactors: each(figures.Kinds, count), AsOf: figures.AsOf, Exact: true,
	}
}

func lately(figures dashboard.Lately) oapi.Lately {
	return oapi.Lately{Day: figures.Day, Week: figures.Week, Month: figures.Month}
}

func overview(figures dashboard.Overview) oapi.Overview {
	return oapi.Overview{
		Users: figures.Users, Statuses: each(figures.Statuses, count), SecondFactor: figures.SecondFactor,
		Opened: lately(figures.Opened), SignIns: lately(figures.SignIns), AsOf: figures.AsOf, Exact: true,
	}
}

func growth(figures dashboard.Growth) oapi.Growth {
	return oapi.Growth{
		Interval: oapi.GrowthInterval(figures.Interval), Timezone: figures.Timezone, Items: each(figures.Buckets, bucket),
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
		Roles: each(figures.Roles, holders), Groups: each(figures.Groups, holders), AsOf: figures.AsOf, Exact: true,
	}
}

func signIns(figures dashboard.RecentSignIns) oapi.RecentSignIns {
	return oapi.RecentSignIns{Items: each(figures.Items, signIn), AsOf: figures.AsOf, Exact: true}
}

func signIn(in dashboard.SignIn) oapi.RecentSignIn {
	return oapi.RecentSignIn{
		SessionID: in.Session, UserID: in.User, Name: in.Name, Device: in.Kind, Browser: in.Browser, Os: in.OS, IP: in.IP,
		Location: form.Optional(in.Place), At: in.At,
	}
}
