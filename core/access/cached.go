package access

import (
	"errors"
	"slices"
	"time"

	"github.com/doorward/doorward/core/internal/compact"
)

const cachedVersion = 1

// ErrCached is the error for bytes that are no cached copy of this version.
var ErrCached = errors.New("access: not a cached copy of this version")

// EncodeCached writes the content of the catalogue. What roles and groups hold is written as places in its list of
// permissions; keys that are not in it give nothing and are left out.
func EncodeCached(c *Catalogue) []byte {
	w := compact.NewWriter(cachedVersion, 4096)
	w.Number(c.Rev)
	w.Length(len(c.Permissions))
	places := make(map[string]int, len(c.Permissions))
	for i, permission := range c.Permissions {
		places[permission.Key] = i
		w.ID(permission.ID)
		w.Text(permission.Key)
		w.Text(permission.Description)
		w.Text(permission.Category)
		w.Flag(permission.System)
		w.Number(permission.CreatedAt.UnixMicro())
	}
	w.Length(len(c.Roles))
	for _, role := range c.Roles {
		w.ID(role.ID)
		w.Text(role.Name)
		w.Text(role.Description)
		w.Time(role.SecondFactorSince)
		w.Flag(role.System)
		w.Number(role.CreatedAt.UnixMicro())
		w.Number(role.UpdatedAt.UnixMicro())
		writePlaces(w, places, role.Permissions)
	}
	w.Length(len(c.Groups))
	for _, group := range c.Groups {
		w.ID(group.ID)
		w.Text(group.Name)
		w.Text(group.Description)
		w.Number(group.CreatedAt.UnixMicro())
		w.Number(group.UpdatedAt.UnixMicro())
		writePlaces(w, places, group.Permissions)
	}
	return w.Buf
}

func writePlaces(w *compact.Writer, places map[string]int, keys []string) {
	keys = slices.DeleteFunc(slices.Clone(keys), func(key string) bool {
		_, known := places[key]
		return !known
	})
	w.Length(len(keys))
	for _, key := range keys {
		w.Length(places[key])
	}
}

// DecodeCached reads what EncodeCached wrote. The only error is ErrCached.
func DecodeCached(data []byte) (*Catalogue, error) {
	r := compact.NewReader(data, cachedVersion)
	content := Content{Rev: r.Number()}
	for range r.Count() {
		var permission Permission
		r.ID(&permission.ID)
		permission.Key, permission.Description, permission.Category = r.Text(), r.Text(), r.Text()
		permission.System, permission.CreatedAt = r.Flag(), readTime(&r)
		content.Permissions = append(content.Permissions, permission)
	}
	fits := true
	for range r.Count() {
		var role Role
		r.ID(&role.ID)
		role.Name, role.Description = r.Text(), r.Text()
		role.SecondFactorSince, role.System = r.Time(), r.Flag()
		role.CreatedAt, role.UpdatedAt = readTime(&r), readTime(&r)
		role.Permissions, fits = readPlaces(&r, content.Permissions, fits)
		content.Roles = append(content.Roles, role)
	}
	for range r.Count() {
		var group Group
		r.ID(&group.ID)
		group.Name, group.Description = r.Text(), r.Text()
		group.CreatedAt, group.UpdatedAt = readTime(&r), readTime(&r)
		group.Permissions, fits = readPlaces(&r, content.Permissions, fits)
		content.Groups = append(content.Groups, group)
	}
	if !fits || !r.Finished() {
		return nil, ErrCached
	}
	return Compile(content), nil
}

// readTime reads microseconds of Unix time, of which 0, when what is built in was made, is an instant as any other.
func readTime(r *compact.Reader) time.Time { return time.UnixMicro(r.Number()).UTC() }

// readPlaces gives the keys at the places that follow; it does not fit where there is no such place.
func readPlaces(r *compact.Reader, permissions []Permission, fits bool) ([]string, bool) {
	var keys []string
	for range r.Count() {
		place := r.Length()
		if place >= uint64(len(permissions)) {
			return nil, false
		}
		keys = append(keys, permissions[place].Key)
	}
	return keys, fits
}
