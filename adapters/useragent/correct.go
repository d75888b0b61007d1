package useragent

import (
	"strings"

	"github.com/mileusna/useragent"

	"github.com/doorward/doorward/core/origin"
)

// product is a name that a header carries, and what it is told as.
type product struct{ token, name string }

// The names that the library does not know, or takes for others. The first that a header carries counts.
var (
	// apps are browsers that call themselves Chrome or Safari as well.
	apps = []product{
		{"YaBrowser/", "Yandex Browser"},
		{"UCBrowser/", "UC Browser"},
		{"HuaweiBrowser/", "Huawei Browser"},
		{"MiuiBrowser/", "Miui Browser"},
		{"Silk/", "Silk"},
		{"Ddg/", "DuckDuckGo"},
		{"DuckDuckGo/", "DuckDuckGo"},
		{"GSA/", "Google App"},
		{"Epiphany/", "Epiphany"},
		{"Electron/", "Electron"},
		{"Trident/", useragent.InternetExplorer},
	}
	// clients are libraries and tools that programs call with. Some link to their home page, as bots do.
	clients = []product{
		{"node-fetch/", "node-fetch"},
		{"axios/", "axios"},
		{"python-requests/", "python-requests"},
		{"python-httpx/", "python-httpx"},
		{"aiohttp/", "aiohttp"},
		{"python-urllib3/", "urllib3"},
		{"Python-urllib/", "urllib"},
		{"Go-http-client/", "Go-http-client"},
		{"okhttp/", "okhttp"},
		{"Apache-HttpClient/", "Apache-HttpClient"},
		{"Java-http-client/", "Java"},
		{"Java/", "Java"},
		{"Dart/", "Dart"},
		{"Alamofire/", "Alamofire"},
		{"CFNetwork/", "CFNetwork"},
		{"Faraday ", "Faraday"},
		{"Ruby", "Ruby"},
		{"GuzzleHttp/", "Guzzle"},
		{"PHP/", "PHP"},
		{"Bun/", "Bun"},
		{"Deno/", "Deno"},
		{"reqwest/", "reqwest"},
		{"RestSharp/", "RestSharp"},
		{"OpenAPI-Generator/", "OpenAPI Generator"},
		{"PostmanRuntime/", "Postman"},
		{"insomnia/", "Insomnia"},
		{"HTTPie/", "HTTPie"},
	}
	// unices are systems that the library knows only when nothing stands behind their name, as it always does.
	unices = []product{{"FreeBSD", useragent.FreeBSD}, {"OpenBSD", "OpenBSD"}, {"NetBSD", "NetBSD"}}
)

// find gives the name of the first product that the header carries; empty where it carries none.
func find(products []product, header string) string {
	for _, each := range products {
		if strings.Contains(header, each.token) {
			return each.name
		}
	}
	return ""
}

// correct mends what the library does not know.
func correct(device *origin.Device) {
	header := device.UserAgent
	if !strings.HasPrefix(header, "Mozilla/") {
		correctClient(device)
		return
	}
	if unix := find(unices, header); unix != "" && device.OS == "" {
		device.OS, device.Kind = unix, "desktop"
	}
	// Chrome on Android says Mobile on phones alone, and all that are made of it do the same
	// (https://developer.chrome.com/docs/multidevice/user-agent).
	if device.OS == useragent.Android && device.Kind == "mobile" && strings.Contains(header, "Chrome/") &&
		!strings.Contains(header, "Mobile") {
		device.Kind = "tablet"
	}
	if device.Kind != "bot" {
		device.Browser = browserOf(*device)
	}
}

// browserOf tells apps, and the views in which apps show pages, apart from the browsers that they are made of.
func browserOf(device origin.Device) string {
	header := device.UserAgent
	app := find(apps, header)
	switch {
	case app != "":
		return app
	case device.Browser == useragent.Chrome && strings.Contains(header, "; wv)"),
		device.Browser == "" && device.OS == useragent.IOS && !strings.Contains(header, "Safari/"):
		return "WebView"
	case device.Browser == "" && strings.Contains(header, "Chrome/"):
		return useragent.Chrome
	}
	return device.Browser
}

func correctClient(device *origin.Device) {
	name := find(clients, device.UserAgent)
	if name == "" || strings.Contains(strings.ToLower(device.UserAgent), "bot") {
		return
	}
	device.Browser = name
	if device.Kind == "bot" {
		device.Kind = "other"
	}
	if device.OS == "" && strings.Contains(device.UserAgent, "; iOS ") {
		device.OS, device.Kind = useragent.IOS, "mobile"
	}
}
