// Package dashboard answers the operations of the tag dashboard: the figures of the deployment.
package dashboard

import (
	"context"
	"time"

	"github.com/doorward/doorward/api/oapi"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/dashboard"
)

// Handlers answer the operations. Figures is needed.
type Handlers struct{ Figures Figures }

// Figures are the figures. *dashboard.Service is one.
type Figures interface {
	Overview(ctx context.Context) (dashboard.Overview, error)
	Breakdown(ctx context.Context, metric dashboard.Metric) (dashboard.Breakdown, error)
	AuthTypes(ctx context.Context) (dashboard.AuthTypes, error)
	Growth(ctx context.Context, span dashboard.Span) (dashboard.Growth, error)
	Roles(ctx context.Context) (dashboard.Roles, error)
	RecentSignIns(ctx context.Context, limit int) (dashboard.RecentSignIns, error)
	All(ctx context.Context) (dashboard.All, error)
}

// GetOverview tells the figures in short.
func (h Handlers) GetOverview(ctx context.Context, _ oapi.GetOverviewRequestObject) (oapi.GetOverviewResponseObject, error) {
	figures, err := h.Figures.Overview(ctx)
	return oapi.GetOverview200JSONResponse(overview(figures)), err
}

// GetUsersByStatus counts accounts by status.
func (h Handlers) GetUsersByStatus(
	ctx context.Context, _ oapi.GetUsersByStatusRequestObject,
) (oapi.GetUsersByStatusResponseObject, error) {
	figures, err := h.Figures.Breakdown(ctx, dashboard.ByStatus)
	return oapi.GetUsersByStatus200JSONResponse(breakdown(figures)), err
}

// GetUsersByType counts accounts by how they came to be.
func (h Handlers) GetUsersByType(
	ctx context.Context, _ oapi.GetUsersByTypeRequestObject,
) (oapi.GetUsersByTypeResponseObject, error) {
	figures, err := h.Figures.Breakdown(ctx, dashboard.BySource)
	return oapi.GetUsersByType200JSONResponse(breakdown(figures)), err
}

// GetUsersByAuthType counts accounts by how they can be signed in to.
func (h Handlers) GetUsersByAuthType(
	ctx context.Context, _ oapi.GetUsersByAuthTypeRequestObject,
) (oapi.GetUsersByAuthTypeResponseObject, error) {
	figures, err := h.Figures.AuthTypes(ctx)
	return oapi.GetUsersByAuthType200JSONResponse(authTypes(figures)), err
}

// GetUsersByCountry counts accounts by country.
func (h Handlers) GetUsersByCountry(
	ctx context.Context, _ oapi.GetUsersByCountryRequestObject,
) (oapi.GetUsersByCountryResponseObject, error) {
	figures, err := h.Figures.Breakdown(ctx, dashboard.ByCountry)
	return oapi.GetUsersByCountry200JSONResponse(breakdown(figures)), err
}

// GetUsersByLanguage counts accounts by language.
func (h Handlers) GetUsersByLanguage(
	ctx context.Context, _ oapi.GetUsersByLanguageRequestObject,
) (oapi.GetUsersByLanguageResponseObject, error) {
	figures, err := h.Figures.Breakdown(ctx, dashboard.ByLanguage)
	return oapi.GetUsersByLanguage200JSONResponse(breakdown(figures)), err
}

// GetUserGrowth tells how the number of accounts grows.
func (h Handlers) GetUserGrowth(
	ctx context.Context, request oapi.GetUserGrowthRequestObject,
) (oapi.GetUserGrowthResponseObject, error) {
	from, err := date("from", request.Params.From)
	if err != nil {
		return nil, err
	}
	to, err := date("to", request.Params.To)
	if err != nil {
		return nil, err
	}
	figures, err := h.Figures.Growth(ctx, dashboard.Span{
		Interval: dashboard.Interval(request.Params.Interval), Timezone: request.Params.Timezone, From: from, To: to,
	})
	return oapi.GetUserGrowth200JSONResponse(growth(figures)), err
}

// date reads a day, which may be missing.
func date(field, text string) (dashboard.Date, error) {
	if text == "" {
		return dashboard.Date{}, nil
	}
	day, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return dashboard.Date{}, core.InvalidField(field, core.CodeInvalidFormat, "This is not a day, such as 2026-03-01.")
	}
	return dashboard.DateOf(day), nil
}

// GetRoleStatistics counts who has which role and is in which group.
func (h Handlers) GetRoleStatistics(
	ctx context.Context, _ oapi.GetRoleStatisticsRequestObject,
) (oapi.GetRoleStatisticsResponseObject, error) {
	figures, err := h.Figures.Roles(ctx)
	return oapi.GetRoleStatistics200JSONResponse(roles(figures)), err
}

// GetRecentSignIns tells who signed in last.
func (h Handlers) GetRecentSignIns(
	ctx context.Context, request oapi.GetRecentSignInsRequestObject,
) (oapi.GetRecentSignInsResponseObject, error) {
	figures, err := h.Figures.RecentSignIns(ctx, request.Params.Limit)
	return oapi.GetRecentSignIns200JSONResponse(signIns(ctx, figures)), err
}

// GetDashboards tells all of it at once.
func (h Handlers) GetDashboards(
	ctx context.Context, _ oapi.GetDashboardsRequestObject,
) (oapi.GetDashboardsResponseObject, error) {
	all, err := h.Figures.All(ctx)
	return oapi.GetDashboards200JSONResponse{
		Overview: overview(all.Overview), UsersByStatus: breakdown(all.Status), UsersByType: breakdown(all.Source),
		UsersByAuthType: authTypes(all.Auth), UsersByCountry: breakdown(all.Country), UsersByLanguage: breakdown(all.Language),
		UserGrowth: growth(all.Growth), RoleStatistics: roles(all.Roles), RecentSignIns: signIns(ctx, all.SignIns),
		AsOf: all.AsOf, Exact: true,
	}, err
}
