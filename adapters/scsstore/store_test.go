package scsstore_test

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/dcq-go/dcq/adapters/scsstore"
	"github.com/dcq-go/dcq/kv"
	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
)

var (
	_ scs.CtxStore         = (*scsstore.Store)(nil)
	_ scs.IterableStore    = (*scsstore.Store)(nil)
	_ scs.IterableCtxStore = (*scsstore.Store)(nil)
)

// open returns a store of sessions in a directory, as each process opens it.
func open(t *testing.T, dir string, clock store.Clock) *scsstore.Store {
	t.Helper()
	db := storetest.OpenDir(t, dir, store.Options{Clock: clock})
	cache, err := kv.OpenCache(t.Context(), db, "sessions", kv.CacheOptions[string, []byte]{Durable: true})
	if err != nil {
		t.Fatal(err)
	}
	return scsstore.New(cache)
}

// want checks what is found under a token; an empty text means nothing.
func want(t *testing.T, s *scsstore.Store, token, text string) {
	t.Helper()
	b, found, err := s.Find(token)
	if err != nil || found != (text != "") || string(b) != text {
		t.Errorf("Find(%.10q) = %q, %v, %v; want %q", token, b, found, err, text)
	}
}

func TestStore(t *testing.T) {
	clock := storetest.NewClock(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC))
	dir := t.TempDir()
	s, other := open(t, dir, clock), open(t, dir, clock)
	commit := func(token, text string, in time.Duration) {
		t.Helper()
		if err := s.Commit(token, []byte(text), clock.Now().Add(in)); err != nil {
			t.Fatal(err)
		}
	}
	want(t, s, "a", "")
	commit("a", "one", time.Minute)
	commit("b", "two", time.Hour)
	commit("a", "three", 2*time.Minute)
	want(t, other, "a", "three")
	clock.Step(2*time.Minute - 1)
	want(t, other, "a", "three")
	clock.Step(1)
	want(t, other, "a", "")
	want(t, other, "b", "two")
	all, err := other.All()
	if tokens := slices.Collect(maps.Keys(all)); err != nil || len(all) != 1 || string(all["b"]) != "two" {
		t.Errorf("All() = %v, %v; want b", tokens, err)
	}
	commit("b", "four", 0)
	want(t, s, "b", "")
	if all, err := s.All(); err != nil || all == nil || len(all) != 0 {
		t.Errorf("All() = %v, %v; want an empty map", all, err)
	}
	commit("c", "five", time.Hour)
	for range 2 {
		if err := other.Delete("c"); err != nil {
			t.Errorf("Delete() = %v", err)
		}
		want(t, s, "c", "")
	}
}

// A token that nobody can have is not found, and no error.
func TestMalformedToken(t *testing.T) {
	s := open(t, t.TempDir(), nil)
	long := strings.Repeat("x", 5000)
	want(t, s, long, "")
	want(t, s, "", "")
	if err := s.Delete(long); err != nil {
		t.Errorf("Delete() = %v", err)
	}
	if err := s.Commit(long, nil, time.Now().Add(time.Hour)); err == nil {
		t.Error("Commit() of a token that is too long = no error")
	}
}

func TestContextEnds(t *testing.T) {
	s := open(t, t.TempDir(), nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := s.FindCtx(ctx, "a"); err == nil {
		t.Error("FindCtx() = no error")
	}
	if err := s.CommitCtx(ctx, "a", nil, time.Now().Add(time.Hour)); err == nil {
		t.Error("CommitCtx() = no error")
	}
	if err := s.DeleteCtx(ctx, "a"); err == nil {
		t.Error("DeleteCtx() = no error")
	}
	if _, err := s.AllCtx(ctx); err == nil {
		t.Error("AllCtx() = no error")
	}
}

// A user counts on, whichever of two programs answers, and is nobody after he is destroyed.
func TestManager(t *testing.T) {
	dir := t.TempDir()
	var programs []http.Handler
	for range 2 {
		manager := scs.New()
		manager.Store = open(t, dir, nil)
		programs = append(programs, manager.LoadAndSave(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/out" {
				if err := manager.Destroy(r.Context()); err != nil {
					t.Error(err)
				}
				return
			}
			manager.Put(r.Context(), "n", manager.GetInt(r.Context(), "n")+1)
			fmt.Fprint(w, manager.GetInt(r.Context(), "n"))
		})))
	}
	turn := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		turn++
		programs[turn%2].ServeHTTP(w, r)
	}))
	defer server.Close()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Jar: jar}
	for i, path := range []string{"/", "/", "/", "/out", "/"} {
		resp, err := client.Get(server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if wanted := []string{"1", "2", "3", "", "1"}[i]; string(b) != wanted || err != nil {
			t.Errorf("request %d: %q, %v; want %q", i, b, err, wanted)
		}
	}
}
