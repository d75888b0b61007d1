package e2e_test

import (
	"context"
	"net/http"
	"path/filepath"
	"testing"

	"github.com/doorward/doorward/api/client"
)

// With a city database sessions tell the place of their address; without one, or for an address that it does not know, they tell none.
func TestPlacesOfSessions(t *testing.T) {
	t.Parallel()
	file, err := filepath.Abs("../../../adapters/geoip/testdata/GeoLite2-City-Test.mmdb")
	if err != nil {
		t.Fatal(err)
	}
	eachWay(t, func(t *testing.T, s *site) {
		with, without := s.start("GEOIP_FILE", file), s.start()
		ada := s.newPerson(t).signUp(with)
		for _, at := range []struct {
			node           *node
			address, place string
		}{
			{with, "2.125.160.216", "Boxford, GB"},
			{with, "2001:218::1", "JP"},
			{with, "192.0.2.1", ""},
			{without, "2.125.160.216", ""},
		} {
			from := func(_ context.Context, request *http.Request) error {
				request.Header.Set("X-Forwarded-For", at.address)
				return nil
			}
			session := must[*client.LoginResponse](t, 200)(at.node.stranger().LoginWithResponse(t.Context(),
				client.LoginRequest{Identifier: ada.email, Password: ada.password}, from)).JSON200.Session
			place := ""
			if !session.Location.IsNull() {
				place = session.Location.MustGet()
			}
			same(t, "the place of "+at.address, place, at.place)
		}
	}, "TRUSTED_PROXIES", "127.0.0.0/8,::1/128")
}
