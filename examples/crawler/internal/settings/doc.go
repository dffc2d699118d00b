// Package settings holds what a crawl may do: where it goes, how fast, how often
// it tries, and how much it takes. The settings live in the store, so that all
// processes of a crawl go by the same ones.
//
// # Model
//
// [Settings] is a plain struct with a JSON form, whose zero value is the default
// in each field. [Settings.WithDefaults] fills them in, [Settings.Validate] reports
// every fault at once, and [NewScope] makes of them the [Scope] that tells
// whether a URL belongs to the crawl.
//
// # Politeness
//
// [Settings.DelayFor] never returns less than [StrangersDelay] for a host that is
// not on a private network: a short delay is for one's own servers.
package settings
