package wire

import (
	"context"
	_ "time/tzdata" // the days of the dashboards and the settings of people are in time zones, which a bare image lacks

	"github.com/doorward/doorward/api"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/dashboard"
)

func newDashboard(figures dashboard.Figures, catalogue access.Lookup, clock core.Clock) api.Dashboard {
	return api.Dashboard{Figures: dashboard.NewService(dashboard.Deps{Figures: figures, Catalogue: catalogue, Clock: clock})}
}

// fold brings what writers have noted into the counts; more waits while there was as much as one fold takes.
func (in workersIn) fold(ctx context.Context) (bool, error) {
	folded, err := in.Folder.Fold(ctx, dashboard.FoldMax)
	return folded >= dashboard.FoldMax, err
}
