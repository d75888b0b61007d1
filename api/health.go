package api

import (
	"context"
	"runtime"
	"time"

	"github.com/doorward/doorward/api/oapi"
	"github.com/doorward/doorward/core"
)

// healthHandlers answer the tag health.
type healthHandlers struct {
	health  *Health
	version string
	started time.Time
}

// GetHealth tells how the server is as a whole.
func (h healthHandlers) GetHealth(ctx context.Context, _ oapi.GetHealthRequestObject) (oapi.GetHealthResponseObject, error) {
	report := summarise(h.health.Findings(ctx))
	if report.Status == oapi.HealthStatusDown {
		return oapi.GetHealth503JSONResponse(report), nil
	}
	return oapi.GetHealth200JSONResponse(report), nil
}

// GetLiveness tells that the process runs.
func (healthHandlers) GetLiveness(context.Context, oapi.GetLivenessRequestObject) (oapi.GetLivenessResponseObject, error) {
	return oapi.GetLiveness200JSONResponse{Status: oapi.HealthStatusOk}, nil
}

// GetReadiness tells whether to send requests here.
func (h healthHandlers) GetReadiness(ctx context.Context, _ oapi.GetReadinessRequestObject) (oapi.GetReadinessResponseObject, error) {
	if h.health.Draining() {
		return oapi.GetReadiness503JSONResponse{Status: oapi.HealthStatusDown}, nil
	}
	report := summarise(h.health.Findings(ctx))
	if report.Status == oapi.HealthStatusDown {
		return oapi.GetReadiness503JSONResponse(report), nil
	}
	return oapi.GetReadiness200JSONResponse(report), nil
}

// GetDatabaseHealth tells how the database is.
func (h healthHandlers) GetDatabaseHealth(ctx context.Context, _ oapi.GetDatabaseHealthRequestObject) (oapi.GetDatabaseHealthResponseObject, error) {
	detail, up, err := h.detail(ctx, "db")
	if err == nil && !up {
		return oapi.GetDatabaseHealth503JSONResponse{HealthDetailDownJSONResponse: oapi.HealthDetailDownJSONResponse(detail)}, nil
	}
	return oapi.GetDatabaseHealth200JSONResponse{HealthDetailJSONResponse: oapi.HealthDetailJSONResponse(detail)}, err
}

// GetCacheHealth tells how the cache is.
func (h healthHandlers) GetCacheHealth(ctx context.Context, _ oapi.GetCacheHealthRequestObject) (oapi.GetCacheHealthResponseObject, error) {
	detail, up, err := h.detail(ctx, "cache")
	if err == nil && !up {
		return oapi.GetCacheHealth503JSONResponse{HealthDetailDownJSONResponse: oapi.HealthDetailDownJSONResponse(detail)}, nil
	}
	return oapi.GetCacheHealth200JSONResponse{HealthDetailJSONResponse: oapi.HealthDetailJSONResponse(detail)}, err
}

// GetMailHealth tells how the delivery of mails is.
func (h healthHandlers) GetMailHealth(ctx context.Context, _ oapi.GetMailHealthRequestObject) (oapi.GetMailHealthResponseObject, error) {
	detail, up, err := h.detail(ctx, "mail")
	if err == nil && !up {
		return oapi.GetMailHealth503JSONResponse{HealthDetailDownJSONResponse: oapi.HealthDetailDownJSONResponse(detail)}, nil
	}
	return oapi.GetMailHealth200JSONResponse{HealthDetailJSONResponse: oapi.HealthDetailJSONResponse(detail)}, err
}

// GetStorageHealth tells how the folder for data is.
func (h healthHandlers) GetStorageHealth(ctx context.Context, _ oapi.GetStorageHealthRequestObject) (oapi.GetStorageHealthResponseObject, error) {
	detail, up, err := h.detail(ctx, "storage")
	if err == nil && !up {
		return oapi.GetStorageHealth503JSONResponse{HealthDetailDownJSONResponse: oapi.HealthDetailDownJSONResponse(detail)}, nil
	}
	return oapi.GetStorageHealth200JSONResponse{HealthDetailJSONResponse: oapi.HealthDetailJSONResponse(detail)}, err
}

// GetSystemHealth tells what the process is and how large.
func (h healthHandlers) GetSystemHealth(context.Context, oapi.GetSystemHealthRequestObject) (oapi.GetSystemHealthResponseObject, error) {
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	return oapi.GetSystemHealth200JSONResponse{
		Status: oapi.HealthStatusOk, Version: h.version, GoVersion: runtime.Version(),
		StartedAt: h.started.UTC(), UptimeSeconds: int64(time.Since(h.started) / time.Second),
		Goroutines: runtime.NumGoroutine(), HeapBytes: int64(memory.HeapAlloc), //nolint:gosec // far below 2^63
		Cpus: runtime.NumCPU(),
	}, nil
}

// detail gives what is known of one part; core.ErrNotFound where there is no such part.
func (h healthHandlers) detail(ctx context.Context, name string) (oapi.HealthDetail, bool, error) {
	for _, found := range h.health.Findings(ctx) {
		if found.Name == name {
			return describe(found), found.State != StateDown, nil
		}
	}
	return oapi.HealthDetail{}, false, core.ErrNotFound
}

func describe(found Finding) oapi.HealthDetail {
	detail := oapi.HealthDetail{
		Name: found.Name, Status: oapi.HealthStatus(found.State), Critical: found.Critical,
		LatencyMs: float64(found.Latency) / float64(time.Millisecond), CheckedAt: found.At, Facts: found.Facts,
	}
	if found.Err != nil {
		detail.Error = found.Err.Error()
	}
	return detail
}

func summarise(findings []Finding) oapi.Health {
	report := oapi.Health{Status: oapi.HealthStatus(Overall(findings)), Checks: make(map[string]oapi.HealthStatus)}
	for _, found := range findings {
		report.Checks[found.Name] = oapi.HealthStatus(found.State)
	}
	return report
}
