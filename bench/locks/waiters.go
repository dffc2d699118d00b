package main

import (
	"fmt"
	"time"

	"github.com/dcq-go/dcq/bench/internal/measure"
)

const (
	crowd      = 64              // waiting processes
	crowdQuiet = time.Second     // between their last word and the measurement
	idle       = 3 * time.Second // in which the CPU time of those who wait is measured
	holderTime = 2               // seconds in which the holder's rate is measured
	holderMost = 1 << 20         // pairs in that time, at most
	twice      = 2               // 0 waiters, 64, and both once more
)

// idling is what was measured with waiters, and without.
type idling struct {
	waiters, servers measure.Samples // CPU time a second
	without, with    measure.Samples // of the holder's pairs
}

// join adds what came of another round.
func (i *idling) join(o *idling) {
	i.waiters, i.servers = append(i.waiters, o.waiters...), append(i.servers, o.servers...)
	i.without, i.with = append(i.without, o.without...), append(i.with, o.with...)
}

// waiters measures what 64 processes cost that do nothing but wait: their own CPU time,
// and what the holder of the lock loses.
func (b *bench) waiters(peers []*peer) error {
	const part = "waiters"
	table := &measure.Table{
		Title: fmt.Sprintf("%d processes wait for a lock that is held", crowd),
		Columns: []string{"lock", "CPU time of the waiters", "of the server", "to dcq",
			"holder's other lock, 0 waiters", fmt.Sprintf("%d waiters", crowd), "slower"},
	}
	if _, err := measure.CPUTime(); err != nil {
		table.Add("", err.Error())
		return table.Print(b.Out)
	}
	peers = b.wanted(part, peers)
	all := map[*peer]*idling{}
	for _, p := range peers {
		if p.missing != "" {
			continue
		}
		all[p] = &idling{}
		if err := b.besideCrowd(part, p, all[p]); err != nil {
			return fmt.Errorf("%s of %s: %w", part, p.name, err)
		}
	}
	if err := b.logMissing(part, peers); err != nil {
		return err
	}
	addIdling(table, peers, all)
	table.Note("CPU time is in milliseconds a second, of all together; 1000 is one core. The holder's lock is acquired and released as fast as it goes.")
	return table.Print(b.Out)
}

func addIdling(table *measure.Table, peers []*peer, all map[*peer]*idling) {
	var base time.Duration
	for _, p := range peers {
		i := all[p]
		if i == nil {
			table.Add(p.name, p.missing)
			continue
		}
		waiters, servers := i.waiters.Mean(), i.servers.Mean()
		if p.name == dcqName {
			base = waiters + servers
		}
		server := ""
		if len(p.servers) > 0 {
			server = millis(servers)
		}
		table.Add(p.name, millis(waiters), server, measure.Ratio(float64(base), float64(waiters+servers)),
			rate(i.without), rate(i.with), measure.Ratio(float64(i.without.Mean()), float64(i.with.Mean())))
	}
}

func millis(d time.Duration) string { return fmt.Sprintf("%.2f ms", d.Seconds()*1000) }

// rate shows how many pairs there were a second.
func rate(s measure.Samples) string {
	if s.Mean() == 0 {
		return "none"
	}
	return fmt.Sprintf("%.0f/s", float64(time.Second)/float64(s.Mean()))
}

// besideCrowd measures one peer, without waiters and with them in turns. The processes are the
// same all the time: those that do not wait for the lock wait for a command.
func (b *bench) besideCrowd(part string, p *peer, sum *idling) error {
	holder, err := measure.Start(p.worker())
	if err != nil {
		return err
	}
	defer holder.Close()
	ws, err := measure.StartAll(crowd, p.worker)
	if err != nil {
		return err
	}
	defer ws.Close()
	for _, w := range append(measure.Processes{holder}, ws...) { // all are there after it
		if _, err := pairs(w, 1, longest); err != nil {
			return err
		}
	}
	if _, err := pairs(holder, warmUp, longest); err != nil {
		return err
	}
	for round := range twice {
		if err := b.Ctx.Err(); err != nil {
			return err
		}
		i, err := once(p, holder, ws)
		if err != nil {
			return err
		}
		sum.join(i)
		if err := b.logCrowd(part, p, round, i); err != nil {
			return err
		}
	}
	return nil
}

// logCrowd keeps means of the holder's pairs, which are too many to be kept.
func (b *bench) logCrowd(part string, p *peer, round int, i *idling) error {
	values := map[string]float64{
		"waiters":                float64(crowd),
		"waiters_cpu_ns_per_s":   float64(i.waiters.Mean()),
		"pair_ns":                float64(i.without.Mean()),
		"pairs":                  float64(len(i.without)),
		"pair_beside_waiters_ns": float64(i.with.Mean()),
		"pairs_beside_waiters":   float64(len(i.with)),
	}
	if len(p.servers) > 0 {
		values["servers_cpu_ns_per_s"] = float64(i.servers.Mean())
	}
	return b.Log.Add(measure.Record{Part: part, Peer: p.name, Round: round, Values: values, Note: p.settings})
}

// once measures the holder alone, then the waiters, then the holder beside them.
func once(p *peer, holder *measure.Process, ws measure.Processes) (*idling, error) {
	i := &idling{}
	if err := hold(holder); err != nil {
		return nil, err
	}
	var err error
	if i.without, err = pairs(holder, holderMost, holderTime); err != nil {
		return nil, err
	}
	for _, w := range ws {
		w.Tell("pass", "shared")
	}
	if err := ws.Hear("waiting"); err != nil {
		return nil, err
	}
	time.Sleep(crowdQuiet)
	cpu, err := cpuRate(ws.PIDs(), p.servers)
	if err != nil {
		return nil, err
	}
	i.waiters, i.servers = cpu[:1], cpu[1:]
	if i.with, err = pairs(holder, holderMost, holderTime); err != nil {
		return nil, err
	}
	if _, err := holder.Ask("released", "release", "shared"); err != nil {
		return nil, err
	}
	return i, ws.Hear("passed")
}

// cpuRate returns the CPU time a second of each group of processes for a while in which
// nobody does anything.
func cpuRate(groups ...[]int) ([]time.Duration, error) {
	rates := make([]time.Duration, len(groups))
	start := time.Now()
	for i, pids := range groups {
		used, err := measure.CPUTime(pids...)
		if err != nil {
			return nil, err
		}
		rates[i] = -used
	}
	time.Sleep(idle)
	seconds := time.Since(start).Seconds()
	for i, pids := range groups {
		used, err := measure.CPUTime(pids...)
		if err != nil {
			return nil, err
		}
		rates[i] = time.Duration(float64(rates[i]+used) / seconds)
	}
	return rates, nil
}
