package qrcode

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"strings"
)

// quiet is the width of the light border that readers need, in modules (ISO/IEC 18004:2015, 9.1).
const quiet = 4

// scale is how many pixels wide a module of the PNG is: large enough for a phone before a screen.
const scale = 6

// PNG gives the code as a PNG of two colours, 6 pixels a module, with its quiet zone.
func (c Code) PNG() []byte {
	edge := (c.size + 2*quiet) * scale
	picture := image.NewPaletted(image.Rect(0, 0, edge, edge), color.Palette{color.White, color.Black})
	for y := range edge {
		for x := range edge {
			if c.Dark(x/scale-quiet, y/scale-quiet) {
				picture.SetColorIndex(x, y, 1)
			}
		}
	}
	var written bytes.Buffer
	if err := png.Encode(&written, picture); err != nil {
		panic(fmt.Errorf("qrcode: a picture in memory cannot be written: %w", err)) // neither side can fail
	}
	return written.Bytes()
}

// SVG gives the code as an SVG document, one unit a module, with its quiet zone: a white ground and one path. It
// has no script, no style and no size of its own, so that any page may embed it.
func (c Code) SVG() string {
	edge := c.size + 2*quiet
	var path strings.Builder
	for y := range c.size {
		for x := 0; x < c.size; x++ {
			run := 0
			for c.Dark(x+run, y) {
				run++
			}
			if run > 0 {
				fmt.Fprintf(&path, "M%d %dh%dv1h-%dz", x+quiet, y+quiet, run, run)
				x += run
			}
		}
	}
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" shape-rendering="crispEdges">`+
		`<rect width="%d" height="%d" fill="#fff"/><path fill="#000" d="%s"/></svg>`, edge, edge, edge, edge, path.String())
}
