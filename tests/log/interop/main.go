// SPDX-License-Identifier: Apache-2.0

// Reads a live log with Go's own clients for such logs, golang.org/x/mod/sumdb/{note,tlog}: nothing of
// Bourse is in here but the paths of C2SP's tiles, which differ from those of sumdb by the height.
//
//	interop URL VKEY [OLDER-CHECKPOINT-FILE]
//
// Checks the checkpoint's signature, the tree's hash from the tiles, each entry of the log against its
// tile and its proof of inclusion, and that the tree goes on from the older checkpoint. Prints one line
// of JSON, or why not.
package main

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func check(err error, what string) {
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", what, err)
		os.Exit(1)
	}
}

func get(url string) []byte {
	resp, err := http.Get(url)
	check(err, url)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	check(err, url)
	if resp.StatusCode != 200 {
		check(fmt.Errorf("%s: %s", resp.Status, body), url)
	}
	return body
}

// The checkpoint of tlog-checkpoint, whose first line is the origin and not sumdb's title.
func open(signed []byte, vkey string) tlog.Tree {
	verifier, err := note.NewVerifier(vkey)
	check(err, "verifier key")
	opened, err := note.Open(signed, note.VerifierList(verifier))
	check(err, "checkpoint")
	lines := strings.Split(opened.Text, "\n")
	if lines[0] != verifier.Name() {
		check(fmt.Errorf("origin %q", lines[0]), "checkpoint")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	check(err, "size")
	hash, err := tlog.ParseHash(lines[2])
	check(err, "root")
	return tlog.Tree{N: size, Hash: hash}
}

// The tiles of a log, as tlog.TileHashReader wants them; it checks each against the tree's hash.
type tiles struct {
	url string
	got int
}

func (t *tiles) Height() int                     { return 8 }
func (t *tiles) SaveTiles([]tlog.Tile, [][]byte) {}
func (t *tiles) ReadTiles(of []tlog.Tile) ([][]byte, error) {
	var out [][]byte
	for _, tile := range of {
		out = append(out, get(t.url+"/log/tile/"+strings.TrimPrefix(tile.Path(), "tile/8/")))
		t.got++
	}
	return out, nil
}

// All entries, bundle by bundle.
func entries(url string, n int64) [][]byte {
	var out [][]byte
	for bundle := int64(0); bundle*256 < n; bundle++ {
		width := int(n - bundle*256)
		if width > 256 {
			width = 256
		}
		path := tlog.Tile{H: 8, L: 0, N: bundle, W: width}.Path()
		data := get(url + "/log/tile/entries/" + strings.TrimPrefix(path, "tile/8/0/"))
		for len(data) > 0 {
			length := binary.BigEndian.Uint16(data)
			out = append(out, data[2:2+int(length)])
			data = data[2+int(length):]
		}
	}
	if int64(len(out)) != n {
		check(fmt.Errorf("%d entries, and the tree has %d", len(out), n), "entries")
	}
	return out
}

func main() {
	url, vkey := os.Args[1], os.Args[2]
	tree := open(get(url+"/log/checkpoint"), vkey)
	source := &tiles{url: url}
	reader := tlog.TileHashReader(tree, source)

	hash, err := tlog.TreeHash(tree.N, reader)
	check(err, "tree hash")
	if hash != tree.Hash {
		check(fmt.Errorf("%v, and %v was signed", hash, tree.Hash), "tree hash")
	}
	proofs := 0
	for i, entry := range entries(url, tree.N) {
		proof, err := tlog.ProveRecord(tree.N, int64(i), reader)
		check(err, "proof of inclusion")
		check(tlog.CheckRecord(proof, tree.N, tree.Hash, int64(i), tlog.RecordHash(entry)), "inclusion")
		proofs++
	}
	older := tlog.Tree{}
	if len(os.Args) > 3 {
		signed, err := os.ReadFile(os.Args[3])
		check(err, "older checkpoint")
		older = open(signed, vkey)
		proof, err := tlog.ProveTree(tree.N, older.N, reader)
		check(err, "proof of consistency")
		check(tlog.CheckTree(proof, tree.N, tree.Hash, older.N, older.Hash), "consistency")
	}
	out, _ := json.Marshal(map[string]int64{
		"size": tree.N, "older": older.N, "inclusions": int64(proofs), "tiles": int64(source.got)})
	fmt.Println(string(out))
}
