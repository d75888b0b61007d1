package wiretap

import (
	"bufio"
	"io"
	"strconv"
	"strings"
)

// wordMax bounds the length of one word of a command, and the number of them.
const wordMax = 16 << 20

// Valkey reads the commands of a client as the Redis serialisation protocol writes them. A command's name is
// its first word in capitals; each counts as a statement. Commands that arrive together are waited for
// together: the last of them counts as a trip, whoever their callers are.
func Valkey(from io.Reader, ledger *Ledger) error {
	reader := bufio.NewReaderSize(from, 64<<10)
	for {
		words, err := readCount(reader, '*')
		if err != nil {
			return err
		}
		name := ""
		for i := range words {
			word, err := readWord(reader)
			if err != nil {
				return err
			}
			if i == 0 {
				name = strings.ToUpper(word)
			}
		}
		trips := 0
		if reader.Buffered() == 0 {
			trips = 1
		}
		ledger.add(name, 1, trips)
	}
}

func readCount(reader *bufio.Reader, mark byte) (int, error) {
	line, err := reader.ReadString('\n')
	if err != nil {
		return 0, err
	}
	line = strings.TrimRight(line, "\r\n")
	if line == "" || line[0] != mark {
		return 0, frameError("a first letter in a line", len(line))
	}
	count, err := strconv.Atoi(line[1:])
	if err != nil || count < 0 || count > wordMax {
		return 0, frameError("a count", count)
	}
	return count, nil
}

func readWord(reader *bufio.Reader) (string, error) {
	length, err := readCount(reader, '$')
	if err != nil {
		return "", err
	}
	word := make([]byte, length+len("\r\n"))
	if _, err := io.ReadFull(reader, word); err != nil {
		return "", err
	}
	return string(word[:length]), nil
}
