package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/dcq-go/dcq/examples/crawler/internal/child"
	"github.com/dcq-go/dcq/examples/crawler/internal/frontier"
	"github.com/dcq-go/dcq/queue"
)

const (
	victimTime = 10 * time.Second // to find a worker that is busy
	rescueTime = 10 * time.Second // for the others to take over
)

// Kill is what happened when a worker was killed.
type Kill struct {
	PID     int           `json:"pid"`
	Visited int           `json:"visited"` // URLs, by then
	Jobs    []string      `json:"jobs"`    // the URLs that it was busy with
	Back    time.Duration `json:"back"`    // until all its jobs were given back
	Taken   time.Duration `json:"taken"`   // until others had taken all of them
	ids     []int64
	session int64
}

// killOne kills a worker that is busy, waits until others have taken over what it
// was busy with, and starts another one.
func (d *demo) killOne(ctx context.Context, crew *crew, now frontier.Status) error {
	victim, kill, err := d.suspendBusy(ctx, crew)
	if err != nil {
		return err
	}
	kill.Visited = d.visited(now)
	began := time.Now()
	ended := crew.kill(victim)
	if err := d.awaitRescue(ctx, kill, began); err != nil {
		return err
	}
	if err := <-ended; err != nil {
		return fmt.Errorf("kill worker process %d: %w", victim.PID(), err)
	}
	d.result.Kill = kill
	d.say("  killed process %d with SIGKILL after %d URLs, busy with %d of them:", kill.PID, kill.Visited, len(kill.Jobs))
	for _, u := range kill.Jobs {
		d.say("    %.100s", u)
	}
	d.say("  its jobs were given back after %v; others had taken them all after %v, once their hosts had been left alone",
		kill.Back.Round(10*time.Microsecond), kill.Taken.Round(time.Millisecond))
	return crew.add()
}

// suspendBusy suspends a worker that has jobs in flight, so that what it has can be
// noted exactly.
func (d *demo) suspendBusy(ctx context.Context, crew *crew) (*child.Process, *Kill, error) {
	deadline := time.Now().Add(victimTime)
	for time.Now().Before(deadline) {
		victim, session, err := d.busiest(ctx, crew)
		if err != nil {
			return nil, nil, err
		}
		if victim == nil {
			continue
		}
		if err := victim.Suspend(); err != nil {
			return nil, nil, fmt.Errorf("suspend worker process %d: %w", victim.PID(), err)
		}
		kill, err := d.noteJobs(ctx, session)
		if err != nil {
			return nil, nil, err
		}
		if len(kill.Jobs) > 0 {
			kill.PID = victim.PID()
			return victim, kill, nil
		}
		if err := victim.Resume(); err != nil { // it has just finished
			return nil, nil, fmt.Errorf("resume worker process %d: %w", victim.PID(), err)
		}
	}
	return nil, nil, errors.New("no worker process was busy when one was to be killed")
}

// busiest returns the worker with the most jobs in flight, and its session.
func (d *demo) busiest(ctx context.Context, crew *crew) (*child.Process, int64, error) {
	leased, err := d.leased(ctx)
	if err != nil {
		return nil, 0, err
	}
	jobs := make(map[int64]int)
	for _, r := range leased {
		jobs[r.Session]++
	}
	sessions, err := d.frontier.DB().Sessions(ctx)
	if err != nil {
		return nil, 0, err
	}
	var best *child.Process
	var session int64
	for _, s := range sessions {
		if w := crew.byPID(s.PID); w != nil && jobs[s.ID] > jobs[session] {
			best, session = w, s.ID
		}
	}
	return best, session, nil
}

func (d *demo) leased(ctx context.Context) ([]queue.Record, error) {
	return queue.Jobs(ctx, d.frontier.DB(), queue.Filter{Queue: frontier.QueueName, State: []queue.State{queue.Leased}, Limit: 1000})
}

// noteJobs returns what a session is busy with.
func (d *demo) noteJobs(ctx context.Context, session int64) (*Kill, error) {
	leased, err := d.leased(ctx)
	if err != nil {
		return nil, err
	}
	kill := &Kill{session: session}
	for _, r := range leased {
		if r.Session != session {
			continue
		}
		payload, err := r.Payload()
		if err != nil {
			return nil, err
		}
		var j frontier.Job
		if err := json.Unmarshal(payload, &j); err != nil {
			return nil, fmt.Errorf("read job %d: %w", r.ID, err)
		}
		kill.Jobs, kill.ids = append(kill.Jobs, j.URL), append(kill.ids, r.ID)
	}
	return kill, nil
}

// awaitRescue waits until the jobs of a killed process have been given back, and
// until others have taken them.
func (d *demo) awaitRescue(ctx context.Context, kill *Kill, began time.Time) error {
	for time.Since(began) < rescueTime {
		back, taken := true, true
		for _, id := range kill.ids {
			r, err := queue.Find(ctx, d.frontier.DB(), id)
			switch {
			case errors.Is(err, queue.ErrNotFound): // done
			case err != nil:
				return err
			case r.State == queue.Leased && r.Session == kill.session:
				back, taken = false, false
			case r.State != queue.Leased && r.State != queue.Dead:
				taken = false
			}
		}
		if back && kill.Back == 0 {
			kill.Back = time.Since(began)
		}
		if taken {
			kill.Taken = time.Since(began)
			return nil
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(200 * time.Microsecond):
		}
	}
	return fmt.Errorf("the jobs of the killed process were not taken over within %v", rescueTime)
}
