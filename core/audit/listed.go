package audit

import (
	"strconv"
	"strings"
)

// Listed writes names as the value of an entry of metadata: as many as it has room for, each whole, and how many more
// there are. A list that is too long would else be cut within a name, and what is left of a name may be another one.
func Listed(names []string) string {
	const rest = len(" +1024")
	var text strings.Builder
	for i, name := range names {
		if text.Len()+1+len(name)+rest > ValueMax {
			return strings.TrimSpace(text.String() + " +" + strconv.Itoa(len(names)-i))
		}
		if i > 0 {
			text.WriteByte(' ')
		}
		text.WriteString(name)
	}
	return text.String()
}
