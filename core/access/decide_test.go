package access_test

import (
	"slices"
	"testing"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/coretest"
)

var (
	self, other = core.ID{1}, core.ID{2}
	admin       = []access.Bit{access.UsersRead, access.UsersSuspend, access.AccessWrite, access.MeRead, access.MeWrite}
)

func TestDecide(t *testing.T) {
	t.Parallel()
	suspend := access.Act{Any: access.UsersSuspend}
	edit := access.Act{Any: access.UsersWrite, Own: access.MeWrite}
	read := access.Act{Any: access.UsersRead, Own: access.MeRead, Reads: true}
	assign := access.Act{Any: access.AccessWrite}
	unlock := access.Act{Any: access.UsersSuspend, Others: true}
	for name, test := range map[string]struct {
		holds []access.Bit
		act   access.Act
		owner core.ID
		what  []access.Bit
		want  access.Verdict
	}{
		"nothing held":                          {nil, suspend, other, nil, access.Lacking},
		"another permission":                    {[]access.Bit{access.UsersRead}, suspend, other, nil, access.Lacking},
		"the permission":                        {admin, suspend, other, nil, access.Permitted},
		"somebody who holds less":               {admin, suspend, other, []access.Bit{access.UsersRead}, access.Permitted},
		"somebody who holds the same":           {admin, suspend, other, admin, access.Permitted},
		"somebody who holds more":               {admin, suspend, other, []access.Bit{access.AuditRead}, access.Exceeding},
		"an owner":                              {admin, suspend, other, []access.Bit{access.Everything}, access.Exceeding},
		"lacking, before exceeding":             {nil, suspend, other, []access.Bit{access.AuditRead}, access.Lacking},
		"an owner, by an owner":                 {[]access.Bit{access.Everything}, suspend, other, []access.Bit{access.Everything}, access.Permitted},
		"anybody, by an owner":                  {[]access.Bit{access.Everything}, suspend, other, admin, access.Permitted},
		"oneself, where owning gives nothing":   {[]access.Bit{access.MeWrite}, suspend, self, nil, access.Lacking},
		"oneself, by the permission":            {admin, suspend, self, admin, access.Permitted},
		"one's own":                             {[]access.Bit{access.MeWrite}, edit, self, nil, access.Permitted},
		"one's own, however much it holds":      {[]access.Bit{access.MeWrite}, edit, self, admin, access.Permitted},
		"one's own, by a token that may not":    {[]access.Bit{access.MeRead}, edit, self, nil, access.Lacking},
		"another's":                             {[]access.Bit{access.MeWrite}, edit, other, nil, access.Lacking},
		"nobody's":                              {[]access.Bit{access.MeWrite}, edit, core.ID{}, nil, access.Lacking},
		"reading somebody who holds more":       {[]access.Bit{access.UsersRead}, read, other, []access.Bit{access.Everything}, access.Permitted},
		"reading oneself":                       {[]access.Bit{access.MeRead}, read, self, nil, access.Permitted},
		"reading another":                       {[]access.Bit{access.MeRead}, read, other, nil, access.Lacking},
		"giving what one holds":                 {admin, assign, core.ID{}, []access.Bit{access.UsersSuspend}, access.Permitted},
		"giving what one does not hold":         {admin, assign, core.ID{}, []access.Bit{access.UsersDelete}, access.Exceeding},
		"giving oneself what one does not hold": {admin, assign, self, []access.Bit{access.UsersDelete}, access.Exceeding},
		"giving ownership":                      {admin, assign, other, []access.Bit{access.Everything}, access.Exceeding},
		"for others, to another":                {admin, unlock, other, admin, access.Permitted},
		"for others, to oneself":                {admin, unlock, self, admin, access.Oneself},
		"for others, by an owner to oneself":    {[]access.Bit{access.Everything}, unlock, self, []access.Bit{access.Everything}, access.Oneself},
		"for others, without the permission":    {[]access.Bit{access.MeWrite}, unlock, self, nil, access.Lacking},
		"for others, by a token that is less":   {[]access.Bit{access.UsersSuspend}, unlock, self, admin, access.Exceeding},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rights := access.Rights{Who: self, Set: access.NewSet(test.holds...)}
			resource := access.Resource{Owner: test.owner, Holds: access.NewSet(test.what...)}
			coretest.Equal(t, test.want, access.Decide(&rights, test.act, &resource))
		})
	}
}

func TestVerdictsAreRefusals(t *testing.T) {
	t.Parallel()
	act := access.Act{Any: access.UsersSuspend}
	coretest.Equal(t, nil, access.Permitted.Err(act))
	lacking := core.AsError(access.Lacking.Err(act))
	coretest.Equal(t, core.KindForbidden, lacking.Kind)
	coretest.Equal(t, core.CodeForbidden, lacking.Code)
	coretest.Equal(t, "This needs the permission users.suspend.", lacking.Message)
	coretest.Refused(t, access.Exceeding.Err(act), access.ErrExceeds)
	coretest.Equal(t, core.KindForbidden, access.ErrExceeds.Kind)
	coretest.Equal(t, access.ErrOneself.Message, core.AsError(access.Oneself.Err(act)).Message)
}

// setOf makes a set of 128 bytes at the most.
func setOf(data []byte) (set access.Set) {
	for i, b := range data[:min(len(data), access.SetMax/8)] {
		set[i/8] |= uint64(b) << (8 * (i % 8))
	}
	return set
}

// FuzzDecide holds the rule against what follows from it, for sets of any kind.
func FuzzDecide(f *testing.F) {
	f.Add([]byte{0xfe}, []byte{1}, uint16(access.UsersSuspend), uint16(0), byte(2), false, false)
	f.Add([]byte{6}, []byte{0xff, 0xff}, uint16(access.UsersWrite), uint16(access.MeWrite), byte(1), false, false)
	f.Add([]byte{1}, []byte{1, 2, 3}, uint16(access.AccessWrite), uint16(0), byte(0), true, false)
	f.Add([]byte{1}, []byte{1}, uint16(access.UsersSecure), uint16(0), byte(1), false, true)
	f.Add([]byte{8}, []byte{6}, uint16(access.UsersRead), uint16(0), byte(2), false, true)
	f.Add([]byte{0, 0, 0, 0, 0, 0, 0, 0, 9}, []byte{0, 0, 0, 0, 0, 0, 0, 0, 1}, uint16(64), uint16(0), byte(2), false, false)
	f.Fuzz(func(t *testing.T, held, holds []byte, anybody, own uint16, owner byte, reads, others bool) {
		act := access.Act{
			Any: access.Bit(anybody%(access.SetMax-1)) + 1, Own: access.Bit(own % access.SetMax), Reads: reads, Others: others,
		}
		rights := access.Rights{Who: self, Set: setOf(held)}
		resource := access.Resource{Owner: core.ID{owner}, Holds: setOf(holds)}
		verdict := access.Decide(&rights, act, &resource)
		follows(t, &rights, act, &resource, verdict)

		more := rights
		more.Set.Join(&resource.Holds)
		if verdict == access.Permitted && access.Decide(&more, act, &resource) != access.Permitted {
			t.Error("refused with more rights")
		}
		less := resource
		less.Holds = access.Set{}
		if verdict == access.Permitted && access.Decide(&rights, act, &less) != access.Permitted {
			t.Error("refused of what holds less")
		}
	})
}

// follows holds a verdict against what the rule says, told the other way round.
func follows(t *testing.T, rights *access.Rights, act access.Act, resource *access.Resource, verdict access.Verdict) {
	t.Helper()
	mine := resource.Owner == self
	byOwning := mine && act.Own != access.Everything && rights.Set.Has(act.Own)
	may, everything := rights.Set.Has(act.Any), rights.Set.Has(access.Everything)
	asked := rights.Set
	asked.Add(access.MeRead)
	asked.Add(access.MeWrite) // what everybody holds is not asked for
	oneself := mine && act.Others
	switch {
	case byOwning:
		if verdict != access.Permitted {
			t.Errorf("%v of what is one's own", verdict)
		}
	case !may && verdict != access.Lacking:
		t.Errorf("%v without the permission", verdict)
	case oneself && verdict == access.Permitted:
		t.Error("permitted to do to oneself what is for others")
	case !oneself && verdict == access.Oneself:
		t.Error("taken for an act upon oneself")
	case !act.Reads && verdict == access.Permitted && !asked.Covers(&resource.Holds):
		t.Error("permitted to touch what holds more")
	case (act.Reads && may || everything) && !oneself && verdict != access.Permitted:
		t.Errorf("%v of reading with the permission, or by an owner", verdict)
	}
}

// same reports whether two sets hold the same, told one by one.
func same(a, b *access.Set) bool {
	for bit := range access.Bit(access.SetMax) {
		if a.Has(bit) != b.Has(bit) {
			return false
		}
	}
	return true
}

// FuzzSet holds sets against the laws of a lattice in which Everything is the top.
func FuzzSet(f *testing.F) {
	f.Add([]byte{1}, []byte{2}, []byte{3})
	f.Add([]byte{0xfe, 1}, []byte{1}, []byte{})
	f.Add([]byte{0, 0xff, 0, 0, 0, 0, 0, 0, 0x80}, []byte{0, 0x0f}, []byte{0, 0xf0})
	f.Fuzz(func(t *testing.T, x, y, z []byte) {
		a, b, c := setOf(x), setOf(y), setOf(z)
		met, joined := a, a
		met.Meet(&b)
		joined.Join(&b)
		turned, merged := b, b
		turned.Meet(&a)
		merged.Join(&a)
		for law, holds := range map[string]bool{
			"covers itself":                    a.Covers(&a),
			"covers nothing":                   a.Covers(&access.Set{}),
			"covering is transitive":           !a.Covers(&b) || !b.Covers(&c) || a.Covers(&c),
			"a meet is covered by both":        a.Covers(&met) && b.Covers(&met),
			"a meet is the greatest such":      !a.Covers(&c) || !b.Covers(&c) || met.Covers(&c),
			"a join covers both":               joined.Covers(&a) && joined.Covers(&b),
			"a join is the least such":         !c.Covers(&a) || !c.Covers(&b) || c.Covers(&joined),
			"meets commute":                    same(&met, &turned),
			"joins commute":                    same(&joined, &merged),
			"covering is to have each":         a.Covers(&b) == eachOf(&a, &b),
			"only Everything gives Everything": joined.Has(access.Everything) == (a.Has(access.Everything) || b.Has(access.Everything)),
		} {
			if !holds {
				t.Errorf("it does not hold that %s: %x, %x, %x", law, a, b, c)
			}
		}
	})
}

// eachOf reports whether a has each permission of b, told one by one.
func eachOf(a, b *access.Set) bool {
	bits := make([]access.Bit, access.SetMax)
	for i := range bits {
		bits[i] = access.Bit(i) //nolint:gosec // below SetMax
	}
	return !slices.ContainsFunc(bits, func(bit access.Bit) bool { return b.Has(bit) && !a.Has(bit) })
}
