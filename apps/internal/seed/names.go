package seed

import "strings"

// culture is names that go together.
type culture struct {
	locale      string
	first, last []string
	familyFirst bool
}

func (c culture) order(first, last string) string {
	if c.familyFirst {
		return last + " " + first
	}
	return first + " " + last
}

var cultures = []culture{
	{
		locale: "en",
		first:  []string{"Ada", "Grace", "Alan", "Mary", "James", "Olivia", "Noah", "Emma", "Liam", "Charlotte", "Henry", "Ruth"},
		last:   []string{"Lovelace", "Hopper", "Turing", "Smith", "Johnson", "Taylor", "Walker", "Wright", "Green", "Baker", "O'Neill"},
	},
	{
		locale: "de",
		first:  []string{"Jürgen", "Käthe", "Lukas", "Mia", "Jonas", "Anna", "Felix", "Clara", "Björn", "Sophie"},
		last:   []string{"Müller", "Schäfer", "Weiß", "Becker", "Hoffmann", "Krüger", "Vogel", "Lange", "Jäger"},
	},
	{
		locale: "fr",
		first:  []string{"Élise", "François", "Chloé", "Léo", "Camille", "Hugo", "Inès", "Jules", "Zoé"},
		last:   []string{"Lefèvre", "Moreau", "Dubois", "Fournier", "Girard", "Mercier", "Rousseau", "Chevalier"},
	},
	{
		locale: "es",
		first:  []string{"Lucía", "Mateo", "Sofía", "Martín", "Begoña", "Álvaro", "Inés", "Andrés"},
		last:   []string{"García", "Muñoz", "Hernández", "Díaz", "Romero", "Núñez", "Castro", "Ibáñez"},
	},
	{
		locale: "pl",
		first:  []string{"Zofia", "Łukasz", "Małgorzata", "Paweł", "Jan", "Oliwia"},
		last:   []string{"Wójcik", "Kowalska", "Dąbrowski", "Zieliński", "Wiśniewska"},
	},
	{
		locale: "sv",
		first:  []string{"Åsa", "Björn", "Maja", "Nils", "Elin", "Göran"},
		last:   []string{"Lindström", "Öberg", "Håkansson", "Nyström", "Sjögren"},
	},
	{
		locale: "ja", familyFirst: true,
		first: []string{"陽菜", "蓮", "葵", "湊"},
		last:  []string{"佐藤", "鈴木", "高橋", "田中"},
	},
	{
		locale: "ar",
		first:  []string{"ليلى", "عمر", "نور", "يوسف"},
		last:   []string{"حداد", "خوري", "منصور", "صالح"},
	},
}

// transliteration writes names the way that their owners write them in addresses.
var transliteration = strings.NewReplacer(
	"ä", "ae", "ö", "oe", "ü", "ue", "ß", "ss", "Ö", "Oe", "é", "e", "è", "e", "É", "E", "ç", "c",
	"á", "a", "Á", "A", "í", "i", "ñ", "n", "ú", "u", "ó", "o", "Ł", "L", "ł", "l", "ą", "a", "ś", "s", "å", "a", "Å", "A",
	"陽菜", "hina", "蓮", "ren", "葵", "aoi", "湊", "minato", "佐藤", "sato", "鈴木", "suzuki", "高橋", "takahashi", "田中", "tanaka",
	"ليلى", "layla", "عمر", "omar", "نور", "nour", "يوسف", "yousef",
	"حداد", "haddad", "خوري", "khoury", "منصور", "mansour", "صالح", "saleh",
)

// domains are reserved for documentation (RFC 2606 §3), so that no mail reaches anybody.
var domains = []string{"example.com", "example.org", "example.net"}

var bios = []string{
	"Walks a lot and writes it down.",
	"Bread, bicycles, and the occasional bug fix.",
	"Gärtnert, liest, schläft.",
	"Toujours en retard, jamais pressée.",
	"Here for the maps.",
	"Collects door handles.",
}
