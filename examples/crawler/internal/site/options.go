package site

import (
	"errors"
	"fmt"
	"io"
	"time"
)

// Options of a Server. The zero value is a free port, no log and the limits
// given with each field.
type Options struct {
	// Port is the TCP port of every site; zero means a free one that all of
	// them can have. When the sites share one address they get Port, Port+1, …
	Port int

	// OneAddress puts all sites on 127.0.0.1 with ports of their own even where
	// more loopback addresses exist.
	OneAddress bool

	// Log receives one JSON line, an Access, for each request that ended, in one
	// Write each; nil means no log. Keep one log a server: the times in it count
	// from the start of the server.
	Log io.Writer

	// MaxInFlight is the number of requests served at once over all sites;
	// the others get 503. Zero means 256.
	MaxInFlight int

	// MaxConns is the number of open connections a site; the others wait to be
	// accepted. Zero means 512.
	MaxConns int

	// HeaderTimeout is the time a client has to send a request's header; zero
	// means 10 s.
	HeaderTimeout time.Duration

	// WriteTimeout is the time a whole answer may take; zero means 5 min.
	WriteTimeout time.Duration
}

func (o Options) withDefaults() Options {
	if o.MaxInFlight == 0 {
		o.MaxInFlight = 256
	}
	if o.MaxConns == 0 {
		o.MaxConns = 512
	}
	if o.HeaderTimeout == 0 {
		o.HeaderTimeout = 10 * time.Second
	}
	if o.WriteTimeout == 0 {
		o.WriteTimeout = 5 * time.Minute
	}
	return o
}

func (o Options) validate() error {
	var faults []error
	if o.Port < 0 || o.Port > 65535 {
		faults = append(faults, fmt.Errorf("Port %d is not 0 to 65535", o.Port))
	}
	if o.MaxInFlight < 0 {
		faults = append(faults, fmt.Errorf("MaxInFlight %d is negative", o.MaxInFlight))
	}
	if o.MaxConns < 0 {
		faults = append(faults, fmt.Errorf("MaxConns %d is negative", o.MaxConns))
	}
	if o.HeaderTimeout < 0 {
		faults = append(faults, fmt.Errorf("HeaderTimeout %v is negative", o.HeaderTimeout))
	}
	if o.WriteTimeout < 0 {
		faults = append(faults, fmt.Errorf("WriteTimeout %v is negative", o.WriteTimeout))
	}
	return errors.Join(faults...)
}
