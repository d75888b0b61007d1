package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"
)

const (
	// exported and imported are how many accounts go out and come in; portingFor bounds either in time.
	exported, imported = 200_000, 5_000
	portingFor         = time.Minute
	// portingMemory is what the server may take for a stream of any length, in MiB.
	portingMemory = 128
)

// measurePorting measures how fast accounts go out and come in, and what memory the server takes for it.
func (b *bench) measurePorting(ctx context.Context) ([]row, error) {
	out, err := b.export(ctx)
	if err != nil {
		return nil, fmt.Errorf("export: %w", err)
	}
	in, err := b.importNew(ctx)
	if err != nil {
		return nil, fmt.Errorf("import: %w", err)
	}
	return []row{out, in}, nil
}

func (b *bench) ported(name string, lines int, took time.Duration, memory int64) row {
	resident := float64(memory) / (1 << 20)
	return row{
		name, fmt.Sprintf("%.0f accounts/s, %.0f MiB resident at most", float64(lines)/took.Seconds(), resident),
		fmt.Sprintf("≤ %d MiB", portingMemory), resident <= portingMemory,
	}
}

func (b *bench) export(ctx context.Context) (row, error) {
	ctx, cancel := context.WithTimeout(ctx, portingFor)
	defer cancel()
	request, err := b.request(ctx, http.MethodGet, "/v1/users/export", nil)
	if err != nil {
		return row{}, err
	}
	peak, began, lines := b.server.peak(), time.Now(), 0
	reply, err := http.DefaultClient.Do(request)
	if err == nil {
		defer func() { _ = reply.Body.Close() }()
		lines, err = count(reply, exported)
	}
	took, memory := time.Since(began), peak()
	return b.ported("`GET /v1/users/export`, the first "+thousands(exported), lines, took, memory), err
}

func (b *bench) request(ctx context.Context, method, path string, body []byte) (*http.Request, error) {
	request, err := http.NewRequestWithContext(ctx, method, "http://"+b.server.address+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+b.access[0])
	if body != nil {
		request.Header.Set("Content-Type", "application/x-ndjson")
	}
	return request, nil
}

// count reads so many lines of a reply.
func count(reply *http.Response, most int) (lines int, err error) {
	if reply.StatusCode != http.StatusOK {
		return 0, errors.New(reply.Status)
	}
	scanner := bufio.NewScanner(reply.Body)
	for lines < most && scanner.Scan() {
		lines++
	}
	return lines, scanner.Err()
}

// importNew imports accounts that were not there, with a bcrypt hash each: it is checked, not computed.
func (b *bench) importNew(ctx context.Context) (row, error) {
	ctx, cancel := context.WithTimeout(ctx, portingFor)
	defer cancel()
	var body bytes.Buffer
	lines := json.NewEncoder(&body)
	run := time.Now().UnixNano()
	for i := range imported {
		_ = lines.Encode(map[string]any{ // a buffer takes all
			"external_id": fmt.Sprintf("bench-%d-%d", run, i), "email": fmt.Sprintf("imported%d.%d@bench.example", i, run),
			"name": "Imported", "email_verified": true,
			"password_hash": "$2b$12$3euPcmQFCiblsZeEu5s7p.9OVHgeHWFDk9nhMqZ0m/3pd/lhwZgES",
		})
	}
	request, err := b.request(ctx, http.MethodPost, "/v1/users/import", body.Bytes())
	if err != nil {
		return row{}, err
	}
	peak, began, answered := b.server.peak(), time.Now(), 0
	reply, err := http.DefaultClient.Do(request)
	if err == nil {
		defer func() { _ = reply.Body.Close() }()
		answered, err = count(reply, imported)
	}
	took, memory := time.Since(began), peak()
	return b.ported("`POST /v1/users/import`, "+thousands(imported)+" new", answered, took, memory), err
}
