package qrcode

import "slices"

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
		points += linePenalty(c.size, func(at int) bool { return c.Dark(at, i) })
		points += linePenalty(c.size, func(at int) bool { return c.Dark(i, at) })
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

// linePenalty judges one row or column. The quiet zone on both sides counts as light.
func linePenalty(size int, dark func(at int) bool) int {
	points, run := 0, 1
	for at := 1; at <= size; at++ {
		if at < size && dark(at) == dark(at-1) {
			run++
			continue
		}
		if run >= 5 {
			points += pointsRun + run - 5
		}
		run = 1
	}
	for at := -4; at <= size-7; at++ {
		if looksLikeFinder(at, dark) {
			points += pointsFinder
		}
	}
	return points
}

// The two forms of what may be taken for a finder: dark 1:1:3:1:1, and four light ones before or behind.
var (
	finderBefore = []bool{false, false, false, false, true, false, true, true, true, false, true}
	finderBehind = []bool{true, false, true, true, true, false, true, false, false, false, false}
)

func looksLikeFinder(from int, dark func(at int) bool) bool {
	matches := func(form []bool) bool {
		return !slices.ContainsFunc(offsets[:], func(i int) bool { return dark(from+i) != form[i] })
	}
	return matches(finderBefore) || matches(finderBehind)
}

var offsets = [...]int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10}
