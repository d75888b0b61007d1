package credential_test

import (
	"math"
	"strings"
	"testing"

	"github.com/doorward/doorward/core/credential"
)

func TestEstimateOf(t *testing.T) {
	t.Parallel()
	known := []string{"ada.lovelace@example.com", "countess-42", "Ада"}
	for password, want := range map[string]struct {
		least, most int
		warning     credential.Warning
	}{
		"":                                    {0, 0, credential.WarningNone},
		"password":                            {0, 0, credential.WarningCommonPassword},
		"drowssap":                            {0, 0, credential.WarningCommonPassword},
		"PaSSword":                            {0, 1, credential.WarningCommonPassword},
		"p4ssw0rd":                            {0, 0, credential.WarningCommonPassword},
		"p@$$word":                            {0, 0, credential.WarningCommonPassword},
		"footba11":                            {0, 0, credential.WarningCommonPassword},
		"remembering":                         {0, 1, credential.WarningCommonWord},
		"featherstone":                        {0, 1, credential.WarningCommonName},
		"aaaaaaaaaaaa":                        {0, 0, credential.WarningRepetition},
		"abc!abc!abc!":                        {0, 1, credential.WarningRepetition},
		"abcdefgh":                            {0, 0, credential.WarningSequence},
		"zyxwvutsrqpo":                        {0, 0, credential.WarningSequence},
		"2468ACEGI":                           {0, 2, credential.WarningSequence},
		"qwertyuiop":                          {0, 1, credential.WarningCommonPassword},
		"oiuytrfvbnm":                         {1, 2, credential.WarningKeyboardPattern},
		"!QAZXSW@#EDC":                        {0, 3, credential.WarningNone},
		"7412369874":                          {0, 2, credential.WarningKeyboardPattern},
		"20011987":                            {0, 1, credential.WarningNone},
		"24.12.1987":                          {0, 1, credential.WarningNone},
		"lovelace1":                           {0, 1, credential.WarningPersonal},
		"Lovelace1987":                        {0, 1, credential.WarningPersonal},
		"ada1987":                             {0, 1, credential.WarningPersonal},
		"L0v3lac3":                            {0, 1, credential.WarningPersonal},
		"countess-42":                         {0, 0, credential.WarningPersonal},
		"Ада":                                 {0, 0, credential.WarningPersonal},
		"世世世世世世世世世世世世":                        {0, 1, credential.WarningRepetition},
		"q7#vLp2x":                            {3, 4, credential.WarningNone},
		"vexed quartz jukebox":                {4, 4, credential.WarningNone},
		"漫步云端听雨落":                             {4, 4, credential.WarningNone},
		strings.Repeat("vexed quartz ", 1000): {3, 4, credential.WarningNone},
		strings.Repeat("a", 1000):             {0, 1, credential.WarningRepetition},
	} {
		got := credential.EstimateOf(password, known...)
		if got.Score < want.least || got.Score > want.most || got.Warning != want.warning {
			t.Errorf("%.20q is %+v, want %+v", password, got, want)
		}
	}
}

func TestStrongerPasswordsTakeMoreGuesses(t *testing.T) {
	t.Parallel()
	for name, order := range map[string][]string{
		"from worst to best": {"password", "P@ssw0rd1", "correct horse battery staple", "q7#vLp2x!K9$mZ4&wT6*"},
		"capital letters":    {"jukebox", "Jukebox", "jUkebox", "jUkeBox"},
		"disguises":          {"jukebox", "juk3box", "juk3b0x"},
		"ranks":              {"password", "quartz", "staple"},
		"repetitions":        {"quartz", "quartzquartz", "quartzquartzquartz", "quartzquartzstaple"},
		"sequences":          {"abcdef", "ghijkl", "lkjihg", "gjmpsv"},
		"turns of a walk":    {"sdfghjkl;", "ertyhbvcx", "esdcvgytr"},
		"dates":              {"1987", "241287", "24121987", "24.12.1987", "87659341"},
		"words":              {"staple", "staple jukebox", "staple jukebox quartz"},
	} {
		for i, password := range order[1:] {
			if less, more := credential.EstimateOf(order[i]), credential.EstimateOf(password); less.GuessesLog10 >= more.GuessesLog10 {
				t.Errorf("%s: %q takes %.2f, %q takes %.2f", name, order[i], less.GuessesLog10, password, more.GuessesLog10)
			}
		}
	}
}

// TestContextCounts holds that the same password is weaker for those who know the person.
func TestContextCounts(t *testing.T) {
	t.Parallel()
	const password = "quastelbrink1987"
	alone, known := credential.EstimateOf(password), credential.EstimateOf(password, "Ada Quastelbrink")
	if alone.Score < 4 || known.Score > 1 || known.Warning != credential.WarningPersonal {
		t.Errorf("%+v alone, %+v known", alone, known)
	}
}

// TestTheScoreFollowsTheGuesses holds the steps of zxcvbn: as many guesses as there are numbers of so many digits, which
// belong to nothing.
func TestTheScoreFollowsTheGuesses(t *testing.T) {
	t.Parallel()
	const random = "q7#vLp2x!K9$mZ4&wT6*"
	for length, score := range []int{0, 0, 0, 1, 1, 1, 2, 2, 3, 3, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4} {
		if got := credential.EstimateOf(random[:length]); got != (credential.Estimate{Score: score, GuessesLog10: float64(length)}) {
			t.Errorf("%q is %+v, want a score of %d", random[:length], got, score)
		}
	}
}

func TestOnlySoMuchIsLookedAt(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("é7#vLp2x!K9$mZ4&wT6*", 4)
	first := string([]rune(long)[:64])
	if whole, cut := credential.EstimateOf(long), credential.EstimateOf(first); whole != cut {
		t.Errorf("%+v, and its beginning %+v", whole, cut)
	}
	if got := credential.EstimateOf("quastelbrink", append(make([]string, 1000), "quastelbrink")...); got.Warning != credential.WarningNone {
		t.Errorf("the thousandth text of the context was used: %+v", got)
	}
}

func FuzzEstimateOf(f *testing.F) {
	for _, seed := range hostile {
		f.Add(seed, "ada@example.com")
	}
	f.Add("", "")
	f.Add("\xff\xfe\x00", "\xff")
	f.Add("İstanbul ǅ ß ﬁ", "İ")
	f.Add("31.12.1999 00.00.0000 1.1.11", "é\xc3")
	f.Fuzz(func(t *testing.T, password, known string) {
		got := credential.EstimateOf(password, known)
		// A Han character counts 10^2, and 64 are looked at.
		if got.Score < 0 || got.Score > credential.ScoreMax || math.IsNaN(got.GuessesLog10) || got.GuessesLog10 < 0 || got.GuessesLog10 > 128 {
			t.Errorf("%q is %+v", password, got)
		}
		if again := credential.EstimateOf(password, known); again != got {
			t.Errorf("%q is %+v and %+v", password, got, again)
		}
	})
}

// hostile are the texts that cost most: all disguises, all walks, all words, all repetitions.
var hostile = map[string]string{
	"disguises":  strings.Repeat("4@8({[<3691!|05$+7%2", 4),
	"disguised":  strings.Repeat("p4ss!0nm4st3r1ov3", 4),
	"walks":      strings.Repeat("qweasdzxc", 8),
	"pad":        strings.Repeat("7412589632", 7),
	"digits":     strings.Repeat("1234567890", 7),
	"dates":      strings.Repeat("11.12.1999", 7),
	"words":      strings.Repeat("thelovepassword", 5),
	"prefixes":   strings.Repeat("internationalizacounterrevolutionar", 2),
	"letters":    strings.Repeat("a", 1000),
	"random":     strings.Repeat("q7#vLp2xK9", 100),
	"fibonacci":  "abaababaabaababaababaabaababaabaababaababaabaababaababaabaababaa",
	"context":    strings.Repeat("a.b-c", 20),
	"everything": "1aA!2bB@3cC#1|l0oO5sS$a1b2c3|1!i19991231passw0rd1qaz2wsx1qaz2wsx",
	"unicode":    strings.Repeat("é世\U0001f511", 300),
}

func BenchmarkEstimateOf(b *testing.B) {
	known := make([]string, 5)
	for i := range known {
		for _, letter := range "abcdefghijklmnopqrstuvwxyz1a!bc" {
			known[i] += " " + string([]rune{letter, rune('a' + i), 'a'}) + string(letter)
		}
	}
	for name, password := range hostile {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				credential.EstimateOf(password, known...)
			}
		})
	}
	b.Run("usual", func(b *testing.B) {
		for b.Loop() {
			credential.EstimateOf("vexed quartz jukebox", "ada.lovelace@example.com", "Ada Lovelace")
		}
	})
}
