package qrcode_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/doorward/doorward/adapters/qrcode"
)

// What follows reads codes by the tables that the standard prints, and shares nothing with what draws them.

// formats are the 15 bits for level M and the masks 0 to 7 (ISO/IEC 18004:2015, table C.1).
var formats = []int{0x5412, 0x5125, 0x5e7c, 0x5b4b, 0x45f9, 0x40ce, 0x4f97, 0x4aa0}

// versions are the 18 bits for the versions from 7 on (table D.1).
var versions = []int{
	0x07c94, 0x085bc, 0x09a99, 0x0a4d3, 0x0bbf6, 0x0c762, 0x0d847, 0x0e60d, 0x0f928, 0x10b78, 0x1145d, 0x12a17, 0x13532, 0x149a6,
}

// groups are, for level M of each version, the blocks in the order in which they are written: number, all codewords of one,
// its data codewords (table 9).
var groups = [][][3]int{
	1: {{1, 26, 16}}, 2: {{1, 44, 28}}, 3: {{1, 70, 44}}, 4: {{2, 50, 32}}, 5: {{2, 67, 43}}, 6: {{4, 43, 27}},
	7: {{4, 49, 31}}, 8: {{2, 60, 38}, {2, 61, 39}}, 9: {{3, 58, 36}, {2, 59, 37}}, 10: {{4, 69, 43}, {1, 70, 44}},
	11: {{1, 80, 50}, {4, 81, 51}}, 12: {{6, 58, 36}, {2, 59, 37}}, 13: {{8, 59, 37}, {1, 60, 38}},
	14: {{4, 64, 40}, {5, 65, 41}}, 15: {{5, 65, 41}, {5, 66, 42}}, 16: {{7, 73, 45}, {3, 74, 46}},
	17: {{10, 74, 46}, {1, 75, 47}}, 18: {{9, 69, 43}, {4, 70, 44}}, 19: {{3, 70, 44}, {11, 71, 45}},
	20: {{3, 67, 41}, {13, 68, 42}},
}

// centres are the coordinates of alignment patterns beside 6 (annex E).
var centres = [][]int{
	2: {18}, 3: {22}, 4: {26}, 5: {30}, 6: {34}, 7: {22, 38}, 8: {24, 42}, 9: {26, 46}, 10: {28, 50}, 11: {30, 54},
	12: {32, 58}, 13: {34, 62}, 14: {26, 46, 66}, 15: {26, 48, 70}, 16: {26, 50, 74}, 17: {30, 54, 78},
	18: {30, 56, 82}, 19: {30, 58, 86}, 20: {34, 62, 90},
}

func decode(code qrcode.Code) (string, error) {
	version := (code.Size() - 17) / 4
	if err := checkPatterns(code, version); err != nil {
		return "", err
	}
	mask, err := readFormat(code)
	if err != nil {
		return "", err
	}
	data, err := readBlocks(version, readModules(code, version, mask))
	if err != nil {
		return "", err
	}
	return readText(version, data)
}

// picture compares modules with rows of '#' (dark) and '.' (light) from x, y on.
func picture(code qrcode.Code, x, y int, rows string) error {
	for dy, row := range strings.Fields(rows) {
		for dx, module := range row {
			if code.Dark(x+dx, y+dy) != (module == '#') {
				return fmt.Errorf("no pattern at %d, %d: module %d, %d", x, y, x+dx, y+dy)
			}
		}
	}
	return nil
}

const finder = "......... .#######. .#.....#. .#.###.#. .#.###.#. .#.###.#. .#.....#. .#######. ........."

func checkPatterns(code qrcode.Code, version int) error {
	size := code.Size()
	err := errors.Join(
		picture(code, -1, -1, finder), picture(code, size-8, -1, finder), picture(code, -1, size-8, finder),
		picture(code, 8, size-8, "#"),
	)
	for i := 8; i < size-8; i++ {
		if code.Dark(i, 6) != (i%2 == 0) || code.Dark(6, i) != (i%2 == 0) {
			err = errors.Join(err, fmt.Errorf("the timing breaks at %d", i))
		}
	}
	for _, centre := range alignmentCentres(version) {
		err = errors.Join(err, picture(code, centre[0]-2, centre[1]-2, "##### #...# #.#.# #...# #####"))
	}
	if version >= 7 {
		upper, lower := 0, 0
		for i := range 18 {
			upper |= bit(code.Dark(size-11+i%3, i/3)) << i
			lower |= bit(code.Dark(i/3, size-11+i%3)) << i
		}
		if want := versions[version-7]; upper != want || lower != want {
			err = errors.Join(err, fmt.Errorf("the version reads %x and %x, want %x", upper, lower, want))
		}
	}
	return err
}

func alignmentCentres(version int) (all [][2]int) {
	if version == 1 {
		return nil
	}
	coordinates := centres[version]
	last := coordinates[len(coordinates)-1]
	for _, a := range coordinates {
		for _, b := range coordinates {
			all = append(all, [2]int{a, b})
		}
		if a != last {
			all = append(all, [2]int{6, a}, [2]int{a, 6})
		}
	}
	return all
}

func bit(dark bool) int {
	if dark {
		return 1
	}
	return 0
}

// readFormat reads both copies from the highest bit to the lowest, as figure 25 numbers them.
func readFormat(code qrcode.Code) (mask int, err error) {
	size := code.Size()
	first, second := 0, 0
	for _, place := range [][2]int{
		{0, 8}, {1, 8}, {2, 8}, {3, 8}, {4, 8}, {5, 8}, {7, 8}, {8, 8}, {8, 7}, {8, 5}, {8, 4}, {8, 3}, {8, 2}, {8, 1}, {8, 0},
	} {
		first = first<<1 | bit(code.Dark(place[0], place[1]))
	}
	for i := 1; i <= 7; i++ {
		second = second<<1 | bit(code.Dark(8, size-i))
	}
	for i := 8; i >= 1; i-- {
		second = second<<1 | bit(code.Dark(size-i, 8))
	}
	mask = slices.Index(formats, first)
	if mask < 0 || first != second {
		return 0, fmt.Errorf("the format reads %x and %x", first, second)
	}
	return mask, nil
}

// turned tells which modules a mask turns, as table 10 has it: i is the row, j the column.
func turned(mask, i, j int) bool {
	switch mask {
	case 0:
		return (i+j)%2 == 0
	case 1:
		return i%2 == 0
	case 2:
		return j%3 == 0
	case 3:
		return (i+j)%3 == 0
	case 4:
		return ((i/2)+(j/3))%2 == 0
	case 5:
		return (i*j)%2+(i*j)%3 == 0
	case 6:
		return ((i*j)%2+(i*j)%3)%2 == 0
	default:
		return ((i+j)%2+(i*j)%3)%2 == 0
	}
}

// isPattern tells the modules that hold no data.
func isPattern(size, version, x, y int) bool {
	switch {
	case x == 6 || y == 6, x <= 8 && y <= 8, x <= 8 && y >= size-8, x >= size-8 && y <= 8:
		return true
	case version >= 7 && (x <= 5 && y >= size-11 || y <= 5 && x >= size-11):
		return true
	}
	return slices.ContainsFunc(alignmentCentres(version), func(centre [2]int) bool {
		return max(x-centre[0], centre[0]-x, y-centre[1], centre[1]-y) <= 2
	})
}

func readModules(code qrcode.Code, version, mask int) []byte {
	size, read, count := code.Size(), []byte{}, 0
	columns := []int{}
	for x := size - 1; x > 6; x -= 2 {
		columns = append(columns, x)
	}
	for _, right := range append(columns, 5, 3, 1) {
		up := (size-1-right)/2%2 == 0
		if right < 6 {
			up = (size-2-right)/2%2 == 0
		}
		for i := range size {
			y := i
			if up {
				y = size - 1 - i
			}
			for x := right; x >= right-1; x-- {
				if isPattern(size, version, x, y) {
					continue
				}
				if count%8 == 0 {
					read = append(read, 0)
				}
				read[len(read)-1] = read[len(read)-1]<<1 | byte(bit(code.Dark(x, y) != turned(mask, y, x)))
				count++
			}
		}
	}
	return read
}

// readBlocks takes the blocks apart, checks each, and gives their data one after another.
func readBlocks(version int, codewords []byte) ([]byte, error) {
	var blocks [][]byte
	var data []int
	for _, group := range groups[version] {
		for range group[0] {
			blocks, data = append(blocks, nil), append(data, group[2])
		}
	}
	most := slices.Max(data)
	correction := groups[version][0][1] - groups[version][0][2]
	for i := range most + correction {
		for b := range blocks {
			if i < most && i >= data[b] {
				continue // this block is shorter
			}
			if len(codewords) == 0 {
				return nil, errors.New("codewords are missing")
			}
			blocks[b], codewords = append(blocks[b], codewords[0]), codewords[1:]
		}
	}
	var all []byte
	for b, block := range blocks {
		if !isCodeword(block, correction) {
			return nil, fmt.Errorf("block %d is damaged", b)
		}
		all = append(all, block[:data[b]]...)
	}
	return all, nil
}

// isCodeword checks that all syndromes vanish, with a table of powers of 2 in GF(256).
func isCodeword(block []byte, correction int) bool {
	var power [255]int
	logarithm := map[int]int{}
	for i, value := 0, 1; i < 255; i++ {
		power[i], logarithm[value] = value, i
		if value <<= 1; value > 255 {
			value ^= 285
		}
	}
	for root := range correction {
		sum := 0
		for i, coefficient := range block {
			if coefficient != 0 {
				sum ^= power[(logarithm[int(coefficient)]+root*(len(block)-1-i))%255]
			}
		}
		if sum != 0 {
			return false
		}
	}
	return true
}

func readText(version int, data []byte) (string, error) {
	var bits strings.Builder
	for _, b := range data {
		fmt.Fprintf(&bits, "%08b", b)
	}
	rest := bits.String()
	take := func(width int) (number int) {
		for _, digit := range rest[:width] {
			number = number<<1 | int(digit-'0')
		}
		rest = rest[width:]
		return number
	}
	if mode := take(4); mode != 4 {
		return "", fmt.Errorf("mode %d", mode)
	}
	width := 8
	if version >= 10 {
		width = 16
	}
	text := make([]byte, take(width))
	for i := range text {
		text[i] = byte(take(8))
	}
	if take(4) != 0 {
		return "", errors.New("the text has no end")
	}
	for want := 0xec; len(rest) > 0; want ^= 0xfd {
		if got := take(8); got != want {
			return "", fmt.Errorf("padding %x, want %x", got, want)
		}
	}
	return string(text), nil
}

// points counts by the words of 7.8.3.1, on lines written out as text with the quiet zone around.
func points(code qrcode.Code) int {
	size, dark, sum := code.Size(), 0, 0
	module := func(x, y int) string { return ".#"[bit(code.Dark(x, y)):][:1] }
	for i := range size {
		var row, column strings.Builder
		for j := range size {
			row.WriteString(module(j, i))
			column.WriteString(module(i, j))
			dark += bit(code.Dark(j, i))
			if j > 0 && i > 0 && module(j, i)+module(j-1, i) == module(j, i-1)+module(j-1, i-1) && module(j, i) == module(j-1, i) {
				sum += 3
			}
		}
		sum += linePoints(row.String()) + linePoints(column.String())
	}
	share := dark * 100
	for k := 1; share <= (50-5*k)*size*size || share >= (50+5*k)*size*size; k++ {
		sum += 10
	}
	return sum
}

func linePoints(line string) (sum int) {
	for rest := line; rest != ""; {
		run := len(rest) - len(strings.TrimLeft(rest, rest[:1]))
		if run >= 5 {
			sum += run - 2
		}
		rest = rest[run:]
	}
	wide := "...." + line + "...."
	for i := range wide {
		if strings.HasPrefix(wide[i:], "....#.###.#") || strings.HasPrefix(wide[i:], "#.###.#....") {
			sum += 40
		}
	}
	return sum
}
