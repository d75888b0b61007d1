package qrcode

// canvas is a code before its mask.
type canvas struct {
	Code
	fixed [][]bool // the modules of patterns, which no data and no mask touch
}

// alignments are the rows and columns in whose crossings alignment patterns stand (ISO/IEC 18004:2015, annex E).
var alignments = [versionMax + 1][]int{
	2: {6, 18},
	{6, 22},
	{6, 26},
	{6, 30},
	{6, 34},
	{6, 22, 38},
	{6, 24, 42},
	{6, 26, 46},
	{6, 28, 50},
	{6, 30, 54},
	{6, 32, 58},
	{6, 34, 62},
	{6, 26, 46, 66},
	{6, 26, 48, 70},
	{6, 26, 50, 74},
	{6, 30, 54, 78},
	{6, 30, 56, 82},
	{6, 30, 58, 86},
	{6, 34, 62, 90},
}

// newCanvas draws the patterns of a version and keeps the places of its format free.
func newCanvas(version int) *canvas {
	size := 17 + 4*version
	c := &canvas{Code: Code{size: size, dark: grid(size), version: version}, fixed: grid(size)}
	for i := range size {
		c.fix(6, i, i%2 == 0) // timing
		c.fix(i, 6, i%2 == 0)
	}
	for _, corner := range [][2]int{{3, 3}, {size - 4, 3}, {3, size - 4}} {
		c.square(corner[0], corner[1], 4, 2, 4) // finder, with its light border
	}
	for _, x := range alignments[version] {
		for _, y := range alignments[version] {
			if corner := x == 6 && (y == 6 || y == size-7) || x == size-7 && y == 6; !corner { // there the finders are
				c.square(x, y, 2, 1, 1)
			}
		}
	}
	c.format(0)
	c.versionInformation()
	return c
}

func grid(size int) [][]bool {
	rows := make([][]bool, size)
	for i := range rows {
		rows[i] = make([]bool, size)
	}
	return rows
}

// fix sets a module of a pattern; what lies outside of the code is left out.
func (c *canvas) fix(x, y int, dark bool) {
	if x >= 0 && y >= 0 && x < c.size && y < c.size {
		c.dark[y][x], c.fixed[y][x] = dark, true
	}
}

// square draws rings around a centre: dark but for those at the distances light and border.
func (c *canvas) square(x, y, reach, light, border int) {
	for dy := -reach; dy <= reach; dy++ {
		for dx := -reach; dx <= reach; dx++ {
			ring := max(dx, -dx, dy, -dy)
			c.fix(x+dx, y+dy, ring != light && ring != border)
		}
	}
}

// format writes level M and the mask twice, protected by a BCH(15,5) code (7.9).
func (c *canvas) format(mask int) {
	bits := withRemainder(mask, 10, 0x537) ^ 0x5412 // level M is 00
	last := c.size - 1
	for i := range 15 {
		dark := bits>>i&1 == 1
		switch { // around the upper left finder, past the timing
		case i < 6:
			c.fix(8, i, dark)
		case i < 8:
			c.fix(8, i+1, dark)
		case i == 8:
			c.fix(7, 8, dark)
		default:
			c.fix(14-i, 8, dark)
		}
		if i < 8 { // beside the two others
			c.fix(last-i, 8, dark)
		} else {
			c.fix(8, last-14+i, dark)
		}
	}
	c.fix(8, c.size-8, true) // always dark
}

// versionInformation writes the version twice, protected by a BCH(18,6) code, from version 7 on (7.10).
func (c *canvas) versionInformation() {
	if c.version < 7 {
		return
	}
	bits := withRemainder(c.version, 12, 0x1f25)
	for i := range 18 {
		dark := bits>>i&1 == 1
		c.fix(c.size-11+i%3, i/3, dark)
		c.fix(i/3, c.size-11+i%3, dark)
	}
}

// withRemainder appends to a number what its division by a polynomial over GF(2) leaves.
func withRemainder(number, degree, polynomial int) int {
	rest := number
	for range degree {
		rest = rest<<1 ^ (rest>>(degree-1)&1)*polynomial
	}
	return number<<degree | rest
}

// place lays codewords into the free modules: two columns at a time from the right, up and down in turn, the column of
// the timing left out (7.7.3). What remains at the end is light.
func (c *canvas) place(codewords []byte) {
	next, upwards := 0, true
	for right := c.size - 1; right >= 1; right -= 2 {
		if right == 6 {
			right = 5
		}
		for i := range c.size {
			y := i
			if upwards {
				y = c.size - 1 - i
			}
			for _, x := range [2]int{right, right - 1} {
				if !c.fixed[y][x] && next < len(codewords)*8 {
					c.dark[y][x] = codewords[next/8]>>(7-next%8)&1 == 1
					next++
				}
			}
		}
		upwards = !upwards
	}
}
