package frontier

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/dcq-go/dcq/examples/crawler/internal/settings"
	"github.com/dcq-go/dcq/store"
)

func TestCheckFinds(t *testing.T) {
	for _, test := range []struct {
		want  string
		spoil func(f *Frontier, tx *store.Tx) error
	}{
		{"host http://example.org counts 5 URLs", func(f *Frontier, tx *store.Tx) error {
			return f.saveHostTx(tx, Host{Name: host, Known: 5})
		}},
		{"1 URLs belong to the host x", spoilPage(func(p *Page) { p.Host = "x" })},
		{"the record of http://example.org/b is under another key", spoilPage(func(p *Page) { p.URL = host + "/b" })},
		{"http://example.org/a was found on", spoilPage(func(p *Page) { p.Via = host + "/none" })},
		{"a body belongs to no stored page: http://example.org/none", func(f *Frontier, tx *store.Tx) error {
			_, err := f.bodies.PutTx(tx, host+"/none", []byte("x"))
			return err
		}},
		{"a body belongs to no stored page: http://example.org/a", func(f *Frontier, tx *store.Tx) error {
			_, err := f.bodies.PutTx(tx, host+"/a", []byte("x"))
			return err
		}},
	} {
		f, _ := begun(t)
		admit(t, f, settings.Settings{}, jobs("/a"))
		sound := errors.New("to be rolled back")
		err := f.db.Update(ctx, func(tx *store.Tx) error {
			if err := test.spoil(f, tx); err != nil {
				return err
			}
			found, err := check(tx)
			if err != nil {
				return err
			}
			if !slices.ContainsFunc(found, func(s string) bool { return strings.HasPrefix(s, test.want) }) {
				t.Errorf("check = %q, want %q", found, test.want)
			}
			return sound
		})
		if !errors.Is(err, sound) {
			t.Errorf("Update() = %v", err)
		}
	}
}

// spoilPage changes the record of a page as nobody should.
func spoilPage(change func(*Page)) func(*Frontier, *store.Tx) error {
	return func(f *Frontier, tx *store.Tx) error {
		p, err := f.pages.GetTx(tx, host+"/a")
		if err != nil {
			return err
		}
		change(&p)
		_, err = f.pages.PutTx(tx, host+"/a", p)
		return err
	}
}
