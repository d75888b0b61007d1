package qrcode

// masks tell which modules are turned (ISO/IEC 18004:2015, table 10; x is j there, y is i).
var masks = [8]func(x, y int) bool{
	func(x, y int) bool { return (x+y)%2 == 0 },
	func(_, y int) bool { return y%2 == 0 },
	func(x, _ int) bool { return x%3 == 0 },
	func(x, y int) bool { return (x+y)%3 == 0 },
	func(x, y int) bool { return (x/3+y/2)%2 == 0 },
	func(x, y int) bool { return x*y%2+x*y%3 == 0 },
	func(x, y int) bool { return (x*y%2+x*y%3)%2 == 0 },
	func(x, y int) bool { return ((x+y)%2+x*y%3)%2 == 0 },
}

// masked gives a copy with a mask laid over the data and named in the format.
func (c *canvas) masked(mask int) Code {
	copied := &canvas{Code: c.Code, fixed: c.fixed}
	copied.mask, copied.dark = mask, grid(c.size)
	for y, row := range c.dark {
		for x, dark := range row {
			copied.dark[y][x] = dark != (!c.fixed[y][x] && masks[mask](x, y))
		}
	}
	copied.format(mask)
	return copied.Code
}

// The points of 7.8.3.1: for runs and squares of one colour, for what looks like a finder, for too much of one colour.
const (
	pointsRun, pointsSquare, pointsFinder, pointsShare = 3, 3, 40, 10
)

// penalty says how badly a code reads: the mask with the fewest points is the one to take.
func (c Code) penalty() int {
	points, dark := 0, 0
	for i := range c.size {
		points += linePenalty(c.size, func(at int) bool { return c.dark[i][at] })
		points += linePenalty(c.size, func(at int) bool { return c.dark[at][i] })
		for x := range c.size {
			if c.dark[i][x] {
				dark++
			}
			if x > 0 && i > 0 && c.dark[i][x] == c.dark[i][x-1] && c.dark[i][x] == c.dark[i-1][x] && c.dark[i][x] == c.dark[i-1][x-1] {
				points += pointsSquare
			}
		}
	}
	all := c.size * c.size
	off := max(20*dark-10*all, 10*all-20*dark) // from one half, in twentieths of all
	return points + pointsShare*(off/all)
}

// The two forms of what may be taken for a finder, the last module in the lowest bit: dark 1:1:3:1:1, and four light
// ones before or behind it.
const finderBefore, finderBehind, finderBits = 0b0000_1011101, 0b1011101_0000, 1<<11 - 1

// linePenalty judges one row or column. The quiet zone on both sides counts as light.
func linePenalty(size int, dark func(at int) bool) int {
	points, run, window := 0, 0, 0
	for at := range size + quiet {
		module := at < size && dark(at)
		window = window << 1 & finderBits
		if module {
			window |= 1
		}
		if window == finderBefore || window == finderBehind {
			points += pointsFinder
		}
		if at > 0 && at < size && module == (window&2 != 0) {
			run++
		} else {
			run = 1
		}
		switch {
		case at >= size:
		case run == 5:
			points += pointsRun
		case run > 5:
			points++
		}
	}
	return points
}
