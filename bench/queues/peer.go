package main

import (
	"context"
	"errors"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/dcq-go/dcq/bench/internal/measure"
	"github.com/dcq-go/dcq/bench/internal/redisserver"
)

// serverPatience is how long a server may take to answer or to end.
const serverPatience = 10 * time.Second

// settings says how each kind of peer is used.
var settings = map[string]string{
	dcqName: dcqSettings, redisName: redisSettings, beanstalkdName: beanstalkdSettings, natsName: natsSettings,
	asynqName: asynqSettings, riverName: riverSettings, backliteName: backliteSettings,
	rawName: rawSettings, rawValuesName: rawValuesSettings, rawJSONName: rawJSONSettings,
	rawCgoName: rawCgoSettings, rawValuesCgoName: rawValuesCgoSettings, fileName: fileSettings,
}

// peer is an implementation of queues with its files and its server, in one part of the
// run.
type peer struct {
	kind    string
	durable bool
	place   string
	end     func() error // ends its server; nil if it has none
	missing string       // why it is not measured, or not any more
}

func durabilityName(durable bool) string {
	if durable {
		return "durable"
	}
	return "relaxed"
}

func isDurable(name string) bool { return name == durabilityName(true) }

// start makes a peer ready. One that is not there says so.
func start(ctx context.Context, kind, place string, durable bool) *peer {
	p := &peer{kind: kind, durable: durable, place: place}
	var err error
	switch kind {
	case redisName, asynqName:
		var server *redisserver.Server
		if server, err = redisserver.Start(ctx, place, redisPersistence(durable)...); err == nil {
			p.end = server.Close
		}
	case beanstalkdName:
		p.end, err = startBeanstalkd(place, durable)
	case natsName:
		p.end, err = startNATS(place, durable)
	case rawCgoName, rawValuesCgoName:
		p.missing = rawDrivers[kind].Missing()
	}
	if err != nil {
		p.missing = firstLine(err)
	}
	return p
}

// command starts a process that uses the peer's queue.
func (p *peer) command() *exec.Cmd {
	return measure.Self(p.kind, p.place, durabilityName(p.durable))
}

// processes starts processes that use the peer's queue, and waits until they are ready.
func (p *peer) processes(n int) (measure.Processes, error) {
	ps, err := measure.StartAll(n, p.command)
	if err != nil {
		return nil, err
	}
	if err := ps.Hear("ready"); err != nil {
		return nil, errors.Join(err, ps.Close())
	}
	return ps, nil
}

func (p *peer) close() error {
	if p.end == nil {
		return nil
	}
	return p.end()
}

// withPeers calls fn with the peers of those kinds that the user wants in a part.
func (b *bench) withPeers(part string, durable bool, kinds []string, fn func([]*peer) error) (err error) {
	var peers []*peer
	defer func() {
		for _, p := range peers {
			err = errors.Join(err, p.close())
		}
	}()
	for _, kind := range kinds {
		if !b.Wants(part, kind) {
			continue
		}
		place, err := b.Place(filepath.Join(part, kind))
		if err != nil {
			return err
		}
		peers = append(peers, start(b.Ctx, kind, place, durable))
	}
	return fn(peers)
}

// tooSlow is why a peer is not measured again.
const tooSlow = "took more than 5 s: measured once"
