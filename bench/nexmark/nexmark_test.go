package nexmark_test

import (
	"encoding/json"
	"testing"

	"millrace/bench/nexmark"
)

// TestEvents holds the events to the proportions and the references between them that the specification wants.
func TestEvents(t *testing.T) {
	g, again := nexmark.New(7), nexmark.New(7)
	var kinds [3]int
	auctions, sold := map[int64]bool{}, 0
	for range 50_000 {
		line := g.Append(nil)
		if string(again.Append(nil)) != string(line) {
			t.Fatal("the same seed gives other events")
		}
		var e struct {
			Kind    int `json:"event_type"`
			Auction struct{ ID, Seller int64 }
			Bid     struct {
				Auction int64
				Price   int64
				Extra   string
			}
		}
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		kinds[e.Kind]++
		switch e.Kind {
		case 1:
			auctions[e.Auction.ID] = true
		case 2:
			if auctions[e.Bid.Auction] {
				sold++
			}
			if e.Bid.Price < 100 || e.Bid.Price > 100_000_000 {
				t.Errorf("a price of %d", e.Bid.Price)
			}
		}
	}
	if kinds != [3]int{1000, 3000, 46000} {
		t.Errorf("kinds of events: %v", kinds)
	}
	if sold < 40_000 {
		t.Errorf("only %d bids for auctions that are open", sold)
	}
}

// TestQueries holds the list of queries.
func TestQueries(t *testing.T) {
	all, err := nexmark.Queries()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 23 || all[0].Name != "q0" || all[9].Name != "q9" || all[22].Name != "q22" || all[12].Before == "" {
		t.Errorf("queries: %v", all)
	}
}
