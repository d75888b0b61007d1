package seed

import "strings"

// culture is names that go together.
type culture struct {
	locale      string
	weight      int // how many of a thousand people or so
	first, last []string
	familyFirst bool
	places      []place
}

// place is where people live.
type place struct{ city, country, timezone string }

func (p place) String() string { return p.city + ", " + p.country }

func (c culture) order(first, last string) string {
	if c.familyFirst {
		return last + " " + first
	}
	return first + " " + last
}

var cultures = []culture{
	{
		locale: "en", weight: 300,
		first:  []string{"Ada", "Grace", "Alan", "Mary", "James", "Olivia", "Noah", "Emma", "Liam", "Charlotte", "Henry", "Ruth"},
		last:   []string{"Lovelace", "Hopper", "Turing", "Smith", "Johnson", "Taylor", "Walker", "Wright", "Green", "Baker", "O'Neill"},
		places: []place{{"London", "GB", "Europe/London"}, {"Leeds", "GB", "Europe/London"}, {"New York", "US", "America/New_York"}, {"Austin", "US", "America/Chicago"}, {"Portland", "US", "America/Los_Angeles"}, {"Toronto", "CA", "America/Toronto"}, {"Dublin", "IE", "Europe/Dublin"}, {"Sydney", "AU", "Australia/Sydney"}},
	},
	{
		locale: "de", weight: 140,
		first:  []string{"Jürgen", "Käthe", "Lukas", "Mia", "Jonas", "Anna", "Felix", "Clara", "Björn", "Sophie"},
		last:   []string{"Müller", "Schäfer", "Weiß", "Becker", "Hoffmann", "Krüger", "Vogel", "Lange", "Jäger"},
		places: []place{{"Berlin", "DE", "Europe/Berlin"}, {"Köln", "DE", "Europe/Berlin"}, {"Leipzig", "DE", "Europe/Berlin"}, {"Wien", "AT", "Europe/Vienna"}, {"Zürich", "CH", "Europe/Zurich"}},
	},
	{
		locale: "fr", weight: 110,
		first:  []string{"Élise", "François", "Chloé", "Léo", "Camille", "Hugo", "Inès", "Jules", "Zoé"},
		last:   []string{"Lefèvre", "Moreau", "Dubois", "Fournier", "Girard", "Mercier", "Rousseau", "Chevalier"},
		places: []place{{"Paris", "FR", "Europe/Paris"}, {"Lyon", "FR", "Europe/Paris"}, {"Genève", "CH", "Europe/Zurich"}, {"Bruxelles", "BE", "Europe/Brussels"}, {"Montréal", "CA", "America/Toronto"}},
	},
	{
		locale: "es", weight: 130,
		first:  []string{"Lucía", "Mateo", "Sofía", "Martín", "Begoña", "Álvaro", "Inés", "Andrés"},
		last:   []string{"García", "Muñoz", "Hernández", "Díaz", "Romero", "Núñez", "Castro", "Ibáñez"},
		places: []place{{"Madrid", "ES", "Europe/Madrid"}, {"Sevilla", "ES", "Europe/Madrid"}, {"Ciudad de México", "MX", "America/Mexico_City"}, {"Bogotá", "CO", "America/Bogota"}, {"Buenos Aires", "AR", "America/Argentina/Buenos_Aires"}},
	},
	{
		locale: "pl", weight: 50,
		first:  []string{"Zofia", "Łukasz", "Małgorzata", "Paweł", "Jan", "Oliwia"},
		last:   []string{"Wójcik", "Kowalska", "Dąbrowski", "Zieliński", "Wiśniewska"},
		places: []place{{"Kraków", "PL", "Europe/Warsaw"}, {"Gdańsk", "PL", "Europe/Warsaw"}},
	},
	{
		locale: "sv", weight: 30,
		first:  []string{"Åsa", "Björn", "Maja", "Nils", "Elin", "Göran"},
		last:   []string{"Lindström", "Öberg", "Håkansson", "Nyström", "Sjögren"},
		places: []place{{"Stockholm", "SE", "Europe/Stockholm"}, {"Göteborg", "SE", "Europe/Stockholm"}},
	},
	{
		locale: "ja", weight: 60, familyFirst: true,
		first:  []string{"陽菜", "蓮", "葵", "湊"},
		last:   []string{"佐藤", "鈴木", "高橋", "田中"},
		places: []place{{"東京", "JP", "Asia/Tokyo"}, {"大阪", "JP", "Asia/Tokyo"}},
	},
	{
		locale: "ar", weight: 40,
		first:  []string{"ليلى", "عمر", "نور", "يوسف"},
		last:   []string{"حداد", "خوري", "منصور", "صالح"},
		places: []place{{"القاهرة", "EG", "Africa/Cairo"}, {"بيروت", "LB", "Asia/Beirut"}, {"الدار البيضاء", "MA", "Africa/Casablanca"}},
	},
	{
		locale: "pt-BR", weight: 60,
		first:  []string{"João", "Júlia", "Antônio", "Beatriz", "Luísa", "Caio"},
		last:   []string{"Gonçalves", "Araújo", "Simões", "Conceição", "Teixeira"},
		places: []place{{"São Paulo", "BR", "America/Sao_Paulo"}, {"Recife", "BR", "America/Recife"}},
	},
	{
		locale: "uk", weight: 25,
		first:  []string{"Олена", "Тарас", "Ірина", "Богдан"},
		last:   []string{"Шевченко", "Коваленко", "Мельник", "Бондар"},
		places: []place{{"Київ", "UA", "Europe/Kyiv"}, {"Львів", "UA", "Europe/Kyiv"}},
	},
	{
		locale: "el", weight: 15,
		first:  []string{"Ελένη", "Νίκος", "Σοφία"},
		last:   []string{"Παππάς", "Νικολάου", "Δήμου"},
		places: []place{{"Αθήνα", "GR", "Europe/Athens"}},
	},
	{
		locale: "hi", weight: 60,
		first:  []string{"आरव", "दीया", "रोहन", "मीरा"},
		last:   []string{"शर्मा", "वर्मा", "गुप्ता", "राव"},
		places: []place{{"मुंबई", "IN", "Asia/Kolkata"}, {"Bengaluru", "IN", "Asia/Kolkata"}},
	},
	{
		locale: "ko", weight: 30, familyFirst: true,
		first:  []string{"서연", "민준", "지우"},
		last:   []string{"김", "이", "박", "최"},
		places: []place{{"서울", "KR", "Asia/Seoul"}},
	},
	{
		locale: "zh-Hans", weight: 40, familyFirst: true,
		first:  []string{"伟", "芳", "娜", "秀英"},
		last:   []string{"王", "李", "张", "刘"},
		places: []place{{"上海", "CN", "Asia/Shanghai"}, {"Singapore", "SG", "Asia/Singapore"}},
	},
}

// transliteration writes names the way that their owners write them in addresses.
var transliteration = strings.NewReplacer(
	"ä", "ae", "ö", "oe", "ü", "ue", "ß", "ss", "Ö", "Oe", "é", "e", "è", "e", "É", "E", "ç", "c",
	"á", "a", "Á", "A", "í", "i", "ñ", "n", "ú", "u", "ó", "o", "Ł", "L", "ł", "l", "ą", "a", "ś", "s", "å", "a", "Å", "A",
	"陽菜", "hina", "蓮", "ren", "葵", "aoi", "湊", "minato", "佐藤", "sato", "鈴木", "suzuki", "高橋", "takahashi", "田中", "tanaka",
	"ليلى", "layla", "عمر", "omar", "نور", "nour", "يوسف", "yousef",
	"ã", "a", "ô", "o", "õ", "o",
	"Олена", "olena", "Тарас", "taras", "Ірина", "iryna", "Богдан", "bohdan",
	"Шевченко", "shevchenko", "Коваленко", "kovalenko", "Мельник", "melnyk", "Бондар", "bondar",
	"Ελένη", "eleni", "Νίκος", "nikos", "Σοφία", "sofia", "Παππάς", "pappas", "Νικολάου", "nikolaou", "Δήμου", "dimou",
	"आरव", "aarav", "दीया", "diya", "रोहन", "rohan", "मीरा", "mira", "शर्मा", "sharma", "वर्मा", "varma", "गुप्ता", "gupta", "राव", "rao",
	"서연", "seoyeon", "민준", "minjun", "지우", "jiwoo", "김", "kim", "이", "lee", "박", "park", "최", "choi",
	"伟", "wei", "芳", "fang", "娜", "na", "秀英", "xiuying", "王", "wang", "李", "li", "张", "zhang", "刘", "liu",
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
