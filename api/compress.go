package api

import (
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"
)

// compressAbove is the size from which compression is worth its time: a reply below it fits the first
// packet anyway.
const compressAbove = 1 << 10

// The levels are those at which each coding gives most of its gain for little time.
const (
	brotliLevel = 4
	gzipLevel   = 6
)

// compress encodes a reply the way the client prefers. The caller has made sure that it holds no secret.
func compress(c *fiber.Ctx) {
	body := c.Response().Body()
	if len(body) <= compressAbove || len(c.Response().Header.ContentEncoding()) > 0 {
		return
	}
	c.Vary(fiber.HeaderAcceptEncoding)
	coding := preferredCoding(c.Get(fiber.HeaderAcceptEncoding))
	switch coding {
	case "br":
		body = fasthttp.AppendBrotliBytesLevel(nil, body, brotliLevel)
	case "gzip":
		body = fasthttp.AppendGzipBytesLevel(nil, body, gzipLevel)
	default:
		return
	}
	c.Response().Header.SetContentEncoding(coding)
	c.Response().SetBodyRaw(body)
}

// preferredCoding reads an Accept-Encoding (RFC 9110 §12.5.3) and gives br, gzip or nothing: the one with
// the higher weight, br where they are equal, none that is weighted zero.
func preferredCoding(header string) string {
	weights := map[string]float64{}
	for part := range strings.SplitSeq(header, ",") {
		name, parameters, _ := strings.Cut(part, ";")
		weights[strings.ToLower(strings.TrimSpace(name))] = weight(parameters)
	}
	of := func(name string) float64 {
		if own, given := weights[name]; given {
			return own
		}
		return weights["*"]
	}
	br, gzip := of("br"), of("gzip")
	switch {
	case br > 0 && br >= gzip:
		return "br"
	case gzip > 0:
		return "gzip"
	default:
		return ""
	}
}

func weight(parameters string) float64 {
	name, value, found := strings.Cut(strings.TrimSpace(parameters), "=")
	if !found || !strings.EqualFold(strings.TrimSpace(name), "q") {
		return 1
	}
	q, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
	if err != nil {
		return 0
	}
	return q
}
