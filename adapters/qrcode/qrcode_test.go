package qrcode_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"image/color"
	"image/png"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/doorward/doorward/adapters/qrcode"
)

// capacities are how many bytes each version holds at level M (ISO/IEC 18004:2015, table 7).
var capacities = []int{
	0, 14, 26, 42, 62, 84, 106, 122, 152, 180, 213, 251, 287, 331, 362, 412, 450, 504, 560, 624, 666,
}

// sample is a text of that many bytes, different for every length.
func sample(length int) string {
	var text strings.Builder
	for i := 0; text.Len() < length; i++ {
		fmt.Fprintf(&text, "%x:", (length+7)*(i+11)*2654435761%99991)
	}
	return text.String()[:length]
}

func TestEveryVersionIsTakenToItsLastByte(t *testing.T) {
	t.Parallel()
	for version := 1; version < len(capacities); version++ {
		for _, length := range []int{capacities[version-1] + 1, capacities[version]} {
			code := encode(t, sample(length))
			if code.Version() != version || code.Size() != 17+4*version {
				t.Errorf("%d bytes: version %d of size %d, want %d", length, code.Version(), code.Size(), version)
			}
		}
	}
}

func TestTooLong(t *testing.T) {
	t.Parallel()
	if _, err := qrcode.Encode(sample(667)); !errors.Is(err, qrcode.ErrTooLong) {
		t.Errorf("667 bytes: %v", err)
	}
	if _, _, err := (qrcode.Painter{}).Paint(sample(5000)); !errors.Is(err, qrcode.ErrTooLong) {
		t.Errorf("5000 bytes: %v", err)
	}
}

// TestAgainstAnotherImplementation compares every module with codes that a program not related to this one drew.
func TestAgainstAnotherImplementation(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile("testdata/matrices.json")
	if err != nil {
		t.Fatal(err)
	}
	var matrices []struct {
		Text          string
		Version, Mask int
		Rows          []string
	}
	if err = json.Unmarshal(content, &matrices); err != nil || len(matrices) < 30 {
		t.Fatalf("%d matrices, %v", len(matrices), err)
	}
	for _, want := range matrices {
		code, err := qrcode.EncodeMasked(want.Text, want.Mask)
		if err != nil || code.Version() != want.Version || code.Size() != len(want.Rows) {
			t.Errorf("%q: version %d of size %d, %v", want.Text, code.Version(), code.Size(), err)
			continue
		}
		for y, row := range want.Rows {
			for x := range code.Size() {
				digit, err := strconv.ParseUint(row[x/4:x/4+1], 16, 4)
				if dark := digit>>(3-x%4)&1 == 1; err != nil || dark != code.Dark(x, y) {
					t.Fatalf("version %d, mask %d: module %d, %d is not %t (%v)", want.Version, want.Mask, x, y, dark, err)
				}
			}
		}
	}
}

// TestEveryLengthReads decodes what was drawn, with every length and, in turn, every mask.
func TestEveryLengthReads(t *testing.T) {
	t.Parallel()
	for length := range 667 {
		code, err := qrcode.EncodeMasked(sample(length), length%8)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := decode(code); err != nil || got != sample(length) {
			t.Errorf("%d bytes read as %q, %v", length, got, err)
		}
	}
}

func TestTextsRead(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "\x00", "0123456789", "HELLO WORLD", "Linköping, 世界, 🔑", "\xff\xfe\x00\x80", strings.Repeat("\x00", 300),
		strings.Repeat("\xff", 300), strings.Repeat("\xec\x11", 200),
		"otpauth://totp/Doorward:ada%40example.com?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Doorward&algorithm=SHA1&digits=6&period=30",
	} {
		code := encode(t, text)
		if got, err := decode(code); err != nil || got != text {
			t.Errorf("%q reads as %q, %v", text, got, err)
		}
	}
}

// TestTheMaskWithTheFewestPointsIsTaken counts the points apart from the code under test.
func TestTheMaskWithTheFewestPointsIsTaken(t *testing.T) {
	t.Parallel()
	taken := map[int]bool{}
	for length := 1; length < 400; length += 13 {
		code := encode(t, sample(length))
		least := -1
		for mask := range 8 {
			other, err := qrcode.EncodeMasked(sample(length), mask)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := other.Penalty(), points(other); got != want {
				t.Errorf("%d bytes, mask %d: %d points, want %d", length, mask, got, want)
			}
			if least < 0 || other.Penalty() < least {
				least = other.Penalty()
			}
		}
		if code.Penalty() != least {
			t.Errorf("%d bytes: mask %d with %d points is taken, another has %d", length, code.Mask(), code.Penalty(), least)
		}
		taken[code.Mask()] = true
	}
	if len(taken) < 3 {
		t.Errorf("only the masks %v are ever taken", taken)
	}
}

func TestPNG(t *testing.T) {
	t.Parallel()
	code := encode(t, "otpauth://totp/x")
	content := code.PNG()
	picture, err := png.Decode(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	// Byte 24 of the header is the depth in bits, byte 25 the kind of colours: 3 is a palette (RFC 2083 §4.1.1).
	if content[24] != 1 || content[25] != 3 {
		t.Errorf("%d bits of kind %d, want 1 of 3", content[24], content[25])
	}
	edge := (code.Size() + 8) * 6
	if got := picture.Bounds().Size(); got.X != edge || got.Y != edge {
		t.Fatalf("%v, want %d", got, edge)
	}
	for y := range edge {
		for x := range edge {
			want := color.Gray{Y: 0xff}
			if code.Dark(x/6-4, y/6-4) {
				want = color.Gray{}
			}
			if got := color.GrayModel.Convert(picture.At(x, y)); got != want {
				t.Fatalf("pixel %d, %d is %v", x, y, got)
			}
		}
	}
}

func TestSVG(t *testing.T) {
	t.Parallel()
	code := encode(t, "otpauth://totp/x")
	text := code.SVG()
	edge := code.Size() + 8
	head := fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" shape-rendering="crispEdges">`+
		`<rect width="%d" height="%d" fill="#fff"/><path fill="#000" d="`, edge, edge, edge, edge)
	path, found := strings.CutPrefix(text, head)
	path, closed := strings.CutSuffix(path, `"/></svg>`)
	if !found || !closed {
		t.Fatalf("got %s", text)
	}
	drawn := map[[2]int]bool{}
	for bar := range strings.SplitSeq(strings.TrimSuffix(path, "z"), "z") {
		var x, y, run, back int
		if _, err := fmt.Sscanf(bar, "M%d %dh%dv1h-%d", &x, &y, &run, &back); err != nil || run != back {
			t.Fatalf("%q: %v", bar, err)
		}
		for i := range run {
			drawn[[2]int{x + i - 4, y - 4}] = true
		}
	}
	for y := -4; y < code.Size()+4; y++ {
		for x := -4; x < code.Size()+4; x++ {
			if drawn[[2]int{x, y}] != code.Dark(x, y) {
				t.Errorf("module %d, %d", x, y)
			}
		}
	}
}

func TestPaint(t *testing.T) {
	t.Parallel()
	picture, svg, err := qrcode.Painter{}.Paint("x")
	if code := encode(t, "x"); err != nil || !bytes.Equal(picture, code.PNG()) || svg != code.SVG() {
		t.Errorf("the painter paints something else: %v", err)
	}
}

func FuzzEncode(f *testing.F) {
	for _, text := range []string{"", "a", "otpauth://totp/a?secret=b", "\xff\x00", sample(100), sample(666), sample(667)} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		code, err := qrcode.Encode(text)
		if (err != nil) != (len(text) > 666) {
			t.Fatalf("%d bytes: %v", len(text), err)
		}
		if err != nil {
			return
		}
		if got, err := decode(code); err != nil || got != text {
			t.Errorf("%q reads as %q, %v", text, got, err)
		}
	})
}

func BenchmarkPaint(b *testing.B) {
	text := "otpauth://totp/Doorward:ada%40example.com?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Doorward"
	for b.Loop() {
		if _, _, err := (qrcode.Painter{}).Paint(text); err != nil {
			b.Fatal(err)
		}
	}
}

func encode(t testing.TB, text string) qrcode.Code {
	t.Helper()
	code, err := qrcode.Encode(text)
	if err != nil {
		t.Fatal(err)
	}
	return code
}
