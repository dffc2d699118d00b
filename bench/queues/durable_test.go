package main

import (
	"slices"
	"testing"

	"github.com/dcq-go/dcq/store"
)

// Each peer is as durable as its part says.
func TestDurable(t *testing.T) {
	for _, durable := range []bool{false, true} {
		q, err := openRaw(rawName, t.TempDir(), durable)
		if err != nil {
			t.Fatal(err)
		}
		defer q.Close()
		var level int
		if err := q.db.QueryRow("PRAGMA synchronous").Scan(&level); err != nil {
			t.Fatal(err)
		}
		for peer, got := range map[string]bool{
			rawName:        level == 2,
			redisName:      slices.Contains(redisPersistence(durable), "always"),
			beanstalkdName: slices.Contains(beanstalkdLog("", durable), "-f0"),
			natsName:       natsOptions("", durable).SyncAlways,
			dcqName:        dcqOptions(durable).Durability != store.Relaxed,
			"a child":      isDurable(durabilityName(durable)),
		} {
			if got != durable {
				t.Errorf("%s is durable: %t, want %t", peer, got, durable)
			}
		}
	}
}
