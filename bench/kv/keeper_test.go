package main

import (
	"errors"
	"slices"
	"testing"
)

// Every peer that is here does what it is measured at, and says so when it cannot.
func TestKeepers(t *testing.T) {
	for _, p := range findPeers() {
		open := openers[p.name]
		if open == nil || p.missing != "" {
			t.Logf("%s: %s", p.name, p.missing)
			continue
		}
		for _, durable := range []bool{false, true}[:1+min(1, len(p.durable))] {
			t.Run(p.name+"/"+mode(durable), func(t *testing.T) { testKeeper(t, p, durable) })
		}
	}
}

func testKeeper(t *testing.T, p *peer, durable bool) {
	place := t.TempDir()
	if p.start != nil {
		addr, end, err := p.start(t.Context(), place, durable)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = end() })
		place = addr
	}
	k, err := openers[p.name](place, durable)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := k.Close(); err != nil {
			t.Errorf("Close() = %v", err)
		}
	}()
	ok := func(call string, err error) {
		t.Helper()
		if err != nil {
			t.Errorf("%s = %v", call, err)
		}
	}
	refused := func(call string, err error) {
		t.Helper()
		if err == nil {
			t.Errorf("%s did what cannot be done", call)
		}
	}
	if got := syncs(t, k); got != "" && got != mode(durable) {
		t.Errorf("what it puts is %s", got)
	}
	ok("fill", k.fill(names(0, 2500)))
	ok("get", k.get(keyName(0)))
	ok("get of the last", k.get(keyName(2499)))
	refused("get of a key that is not there", k.get(keyName(2500)))
	if p.memo {
		refused("put", k.put(keyName(1)))
		refused("remove", k.remove(keyName(1)))
	} else {
		ok("put", k.put(keyName(2500)))
		ok("get of what was put", k.get(keyName(2500)))
		ok("put again", k.put(keyName(2500)))
		ok("remove", k.remove(keyName(2500)))
		refused("get of what was removed", k.get(keyName(2500)))
	}
	if !p.ordered {
		if err := k.scan(keyName(0), 1); !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("scan of what has no order = %v", err)
		}
		return
	}
	ok("scan of the last", k.scan(keyName(2400), rangeKeys))
	refused("scan beyond the last", k.scan(keyName(2401), rangeKeys))
}

// syncs asks a keeper that can tell whether it is durable; "" if it cannot.
func syncs(t *testing.T, k keeper) string {
	t.Helper()
	switch k := k.(type) {
	case boltKeeper:
		return mode(!k.db.NoSync)
	case *sqliteKeeper:
		var level int
		if err := k.db.QueryRow("PRAGMA synchronous").Scan(&level); err != nil {
			t.Error(err)
		}
		return mode(level == 2)
	case redisKeeper:
		got, err := k.ConfigGet(t.Context(), "append*").Result()
		if err != nil || got["appendonly"] != "yes" {
			t.Errorf("the settings of Redis are %v, %v", got, err)
		}
		return mode(got["appendfsync"] == "always")
	}
	return ""
}

func names(from, to int) (keys []string) {
	for i := range to - from {
		keys = append(keys, keyName(from+i))
	}
	return keys
}

// No value is put twice: SQLite writes nothing then, and others would.
func TestPayload(t *testing.T) {
	a, b := payload(), payload()
	if len(a) != payloadSize || len(b) != payloadSize || slices.Equal(a, b) {
		t.Errorf("the payloads are %x and %x", a, b)
	}
	if check(a, nil) != nil || check(a[1:], nil) == nil || check(nil, nil) == nil {
		t.Error("check does not say what is a payload")
	}
}
