package zxcvbn_test

import (
	"math"
	"strings"
	"testing"

	"github.com/doorward/doorward/adapters/zxcvbn"
	"github.com/doorward/doorward/core/credential"
)

func TestEstimate(t *testing.T) {
	t.Parallel()
	known := []string{"ada.lovelace@example.com", "countess-42", "Ада"}
	for password, want := range map[string]struct {
		least, most int
		warning     credential.Warning
	}{
		"":                                    {0, 0, credential.WarningNone},
		"password":                            {0, 0, credential.WarningCommonPassword},
		"PaSSword":                            {0, 1, credential.WarningCommonPassword},
		"p4ssw0rd":                            {0, 0, credential.WarningCommonPassword},
		"p@$$word":                            {0, 0, credential.WarningCommonPassword},
		"footba11":                            {0, 0, credential.WarningCommonPassword},
		"remembering":                         {0, 1, credential.WarningCommonWord},
		"featherstone":                        {0, 1, credential.WarningCommonName},
		"aaaaaaaaaaaa":                        {0, 0, credential.WarningRepetition},
		"abcdefghijkl":                        {0, 0, credential.WarningSequence},
		"oiuytrfvbnm":                         {1, 2, credential.WarningKeyboardPattern},
		"lovelace1":                           {0, 1, credential.WarningPersonal},
		"L0v3lac3":                            {0, 1, credential.WarningPersonal},
		"countess-42":                         {0, 0, credential.WarningPersonal},
		"Ада":                                 {0, 0, credential.WarningPersonal},
		"世世世世世世世世世世世世":                        {0, 1, credential.WarningRepetition},
		"q7#vLp2x":                            {4, 4, credential.WarningNone},
		"vexed quartz jukebox":                {4, 4, credential.WarningNone},
		"漫步云端听雨落":                             {4, 4, credential.WarningNone},
		strings.Repeat("vexed quartz ", 1000): {4, 4, credential.WarningNone},
		strings.Repeat("a", 1000):             {0, 1, credential.WarningRepetition},
	} {
		got := zxcvbn.Estimator{}.Estimate(password, known)
		if got.Score < want.least || got.Score > want.most || got.Warning != want.warning {
			t.Errorf("%.20q is %+v, want %+v", password, got, want)
		}
	}
}

// TestTheScoreFollowsTheGuesses holds the steps of zxcvbn.
func TestTheScoreFollowsTheGuesses(t *testing.T) {
	t.Parallel()
	seen := map[int]bool{}
	for length := range 20 {
		got := zxcvbn.Estimator{}.Estimate("q7#vLp2x!K9$mZ4&wT6*"[:length], nil)
		want := 0
		for _, step := range []float64{3, 6, 8, 10} {
			if got.GuessesLog10 >= step {
				want++
			}
		}
		if got.Score != want {
			t.Errorf("%+v, want a score of %d", got, want)
		}
		seen[got.Score] = true
	}
	if len(seen) != 5 {
		t.Errorf("only the scores %v", seen)
	}
}

// TestTheSameAgain holds an estimate against itself: the library walks through maps.
func TestTheSameAgain(t *testing.T) {
	t.Parallel()
	for _, password := range []string{"tr0ub4dor&3", "qwerty1234dragon", "1|1|password|1|1", "abc123abc123"} {
		first := zxcvbn.Estimator{}.Estimate(password, nil)
		for range 20 {
			if again := (zxcvbn.Estimator{}).Estimate(password, nil); again.Score != first.Score || again.GuessesLog10 != first.GuessesLog10 {
				t.Errorf("%q is %+v and %+v", password, first, again)
			}
		}
	}
}

func FuzzEstimate(f *testing.F) {
	for _, seed := range hostile {
		f.Add(seed, "ada@example.com")
	}
	f.Add("", "")
	f.Add("\xff\xfe\x00", "\xff")
	f.Add("İstanbul ǅ ß ﬁ", "İ")
	f.Fuzz(func(t *testing.T, password, known string) {
		got := zxcvbn.Estimator{}.Estimate(password, []string{known})
		if got.Score < 0 || got.Score > credential.ScoreMax || math.IsNaN(got.GuessesLog10) || got.GuessesLog10 < 0 || got.GuessesLog10 > 200 {
			t.Errorf("%q is %+v", password, got)
		}
	})
}

// hostile are the texts that cost most: all disguises, all walks, all words, all repetitions.
var hostile = map[string]string{
	"disguises": strings.Repeat("4@8({[<3691!|05$+7%2", 50),
	"walks":     strings.Repeat("qweasdzxc", 100)[:32],
	"digits":    strings.Repeat("1234567890", 100),
	"words":     strings.Repeat("thelovepassword", 100),
	"letters":   strings.Repeat("a", 1000),
	"random":    strings.Repeat("q7#vLp2xK9", 100),
	"unicode":   strings.Repeat("é世\U0001f511", 300),
}

func BenchmarkEstimate(b *testing.B) {
	known := make([]string, 5)
	for i := range known {
		known[i] = strings.Repeat("a.b-c@d ", 40)[:254]
	}
	for name, password := range hostile {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				zxcvbn.Estimator{}.Estimate(password, known)
			}
		})
	}
	b.Run("usual", func(b *testing.B) {
		for b.Loop() {
			zxcvbn.Estimator{}.Estimate("vexed quartz jukebox", known[:1])
		}
	})
}
