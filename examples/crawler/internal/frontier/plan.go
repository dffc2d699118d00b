package frontier

import (
	"context"
	"errors"
	"slices"

	"github.com/dcq-go/dcq/examples/crawler/internal/settings"
	"github.com/dcq-go/dcq/kv"
)

// plan says what to crawl.
type plan struct {
	Settings settings.Settings `json:"settings"`
	Seeds    []string          `json:"seeds"` // where the crawl begins, and what its scope is made of
}

// planKey is the key of the only plan.
const planKey = "plan"

// Settings returns the crawl's settings and seeds. It returns ErrNoCrawl if there
// is none.
func (f *Frontier) Settings(ctx context.Context) (s settings.Settings, seeds []string, err error) {
	p, err := f.plans.Get(ctx, planKey)
	return p.Settings.WithDefaults(), p.Seeds, orNoCrawl(err)
}

func orNoCrawl(err error) error {
	if errors.Is(err, kv.ErrNotFound) {
		return ErrNoCrawl
	}
	return err
}

// Configure stores the settings and adds seeds, canonical URLs; they are admitted
// by [Frontier.StartRun]. Processes that work already go on with the settings they
// have.
func (f *Frontier) Configure(ctx context.Context, s settings.Settings, seeds []string) error {
	_, err := f.plans.Update(ctx, planKey, func(p plan, _ bool) (plan, error) {
		p.Settings = s
		for _, url := range seeds {
			if !slices.Contains(p.Seeds, url) {
				p.Seeds = append(p.Seeds, url)
			}
		}
		return p, nil
	})
	return err
}
