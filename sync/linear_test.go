//go:build unix

package sync_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"golang.org/x/sys/unix"

	"github.com/dcq-go/dcq/internal/proctest"
	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
	dsync "github.com/dcq-go/dcq/sync"
)

func init() { children["make history"] = makeHistory }

const (
	historyProcesses = 3
	historyStores    = 2 // opened by each process
	historyClients   = 2 // goroutines of each store
	allClients       = historyProcesses * historyStores * historyClients
	historyTurns     = 40 // of each client
)

// thingOp is one operation on a thing, with the times of its call and its return by the
// clock that all processes share.
type thingOp struct {
	Kind   string // of the thing
	Client int
	What   string // acquire, try, release, downgrade, resize, proclaim, leader
	Weight int64  // also the permits of resize
	Value  string // of an election, given or read

	Token  int64  // granted or read
	Failed string // not acquired, gave up, too many, conflict, no leader, lost, or what should not be

	Call, Return int64
}

// makeHistory does operations at random and says each. Its arguments are the directory,
// the number of its first client and a seed.
func makeHistory(c *proctest.Child) error {
	ctx := context.Background()
	first, err1 := strconv.Atoi(c.Args[1])
	s, err2 := strconv.ParseUint(c.Args[2], 10, 64)
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	var clients []*historian
	for range historyStores {
		db, err := store.Open(ctx, c.Args[0], store.Options{})
		if err != nil {
			return err
		}
		defer db.Close()
		th := &things{db: db}
		if err := th.openUnsized(ctx); err != nil {
			return err
		}
		for range historyClients {
			n := first + len(clients)
			clients = append(clients, &historian{things: th, c: c, r: rand.New(rand.NewPCG(s, uint64(n))), client: n})
		}
	}
	c.Say("ready")
	c.Command()
	errs := make(chan error)
	for _, h := range clients {
		go func() { errs <- h.run() }()
	}
	for range clients {
		if err := <-errs; err != nil {
			return err
		}
	}
	return nil
}

// openUnsized opens the things whatever number of permits the semaphore has.
func (th *things) openUnsized(ctx context.Context) error {
	var errs [4]error
	th.lock, errs[0] = dsync.OpenLock(ctx, th.db, "x", dsync.Options{})
	th.rwlock, errs[1] = dsync.OpenRWLock(ctx, th.db, "x", dsync.Options{})
	th.sem, errs[2] = dsync.OpenBoundedSemaphore(ctx, th.db, "x", 0, dsync.Options{})
	th.election, errs[3] = dsync.OpenElection(ctx, th.db, "x", dsync.Options{})
	return errors.Join(errs[:]...)
}

// historian is a goroutine that uses the things and says what came of it.
type historian struct {
	*things
	c      *proctest.Child
	r      *rand.Rand
	client int
}

func (h *historian) run() error {
	for turn := range historyTurns {
		op := thingOp{Kind: []string{"lock", "rwlock", "semaphore", "election"}[h.r.IntN(4)], What: "acquire", Weight: 1}
		switch {
		case h.r.IntN(3) == 0:
			op.What = "try"
		case op.Kind == "rwlock" && h.r.IntN(2) == 0:
			op.Weight = writer
		case op.Kind == "semaphore":
			op.Weight = 1 + h.r.Int64N(permits)
		case op.Kind == "election":
			op.Value = fmt.Sprint(h.client, " ", turn)
		}
		var g *dsync.Grant
		if h.do(&op, func() (err error) { g, err = h.get(&op); return err }) {
			h.hold(op.Kind, op.Weight, g)
		}
		h.look(op.Kind)
	}
	return nil
}

// do carries an operation out, says it, and reports success.
func (h *historian) do(op *thingOp, fn func() error) bool {
	op.Client = h.client
	op.Call = sharedClock()
	err := fn()
	op.Return = sharedClock()
	switch {
	case errors.Is(err, dsync.ErrNotAcquired):
		op.Failed = "not acquired"
	case errors.Is(err, context.DeadlineExceeded):
		op.Failed = "gave up"
	case errors.Is(err, dsync.ErrTooMany):
		op.Failed = "too many"
	case errors.Is(err, dsync.ErrConflict):
		op.Failed = "conflict"
	case errors.Is(err, dsync.ErrNoLeader):
		op.Failed = "no leader"
	case errors.Is(err, dsync.ErrLost):
		op.Failed = "lost"
	case err != nil:
		op.Failed = err.Error()
	}
	line, err := json.Marshal(op)
	if err != nil {
		panic(err)
	}
	h.c.Say("%s", line)
	return op.Failed == ""
}

// get acquires what op says, and now and then gives up soon.
func (h *historian) get(op *thingOp) (g *dsync.Grant, err error) {
	ctx := context.Background()
	if h.r.IntN(5) == 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Duration(h.r.IntN(5000))*time.Microsecond)
		defer cancel()
	}
	try := op.What == "try"
	switch {
	case op.Kind == "lock" && try:
		g, err = h.lock.TryAcquire(ctx)
	case op.Kind == "lock":
		g, err = h.lock.Acquire(ctx)
	case op.Kind == "semaphore" && try:
		g, err = h.sem.TryAcquireN(ctx, int(op.Weight))
	case op.Kind == "semaphore":
		g, err = h.sem.AcquireN(ctx, int(op.Weight))
	case op.Kind == "election" && try:
		g, err = h.election.TryCampaign(ctx, op.Value)
	case op.Kind == "election":
		g, err = h.election.Campaign(ctx, op.Value)
	case op.Weight == writer && try:
		g, err = h.rwlock.TryAcquireWrite(ctx)
	case op.Weight == writer:
		g, err = h.rwlock.AcquireWrite(ctx)
	case try:
		g, err = h.rwlock.TryAcquireRead(ctx)
	default:
		g, err = h.rwlock.AcquireRead(ctx)
	}
	if err == nil {
		op.Token = g.Token()
	}
	return g, err
}

// hold does what a holder can, and lets go, twice now and then.
func (h *historian) hold(kind string, weight int64, g *dsync.Grant) {
	ctx := context.Background()
	if weight == writer && h.r.IntN(2) == 0 {
		h.do(&thingOp{Kind: kind, What: "downgrade", Token: g.Token()}, func() error { return h.rwlock.Downgrade(ctx, g) })
	}
	if kind == "election" && h.r.IntN(2) == 0 {
		value := fmt.Sprint("proclaimed ", g.Token())
		h.do(&thingOp{Kind: kind, What: "proclaim", Token: g.Token(), Value: value}, func() error { return h.election.Proclaim(ctx, g, value) })
	}
	h.look(kind)
	h.do(&thingOp{Kind: kind, What: "release", Token: g.Token()}, func() error { return g.Release(ctx) })
	if h.r.IntN(4) == 0 {
		h.do(&thingOp{Kind: kind, What: "release", Token: g.Token()}, func() error { return g.Release(ctx) })
	}
}

// look does now and then what one can who does not hold.
func (h *historian) look(kind string) {
	ctx := context.Background()
	if h.r.IntN(2) == 0 {
		return
	}
	switch kind {
	case "election":
		op := thingOp{Kind: kind, What: "leader"}
		h.do(&op, func() error {
			l, err := h.election.Leader(ctx)
			op.Value, op.Token = l.Value, l.Term
			return err
		})
	case "semaphore":
		n := 1 + h.r.IntN(permits)
		h.do(&thingOp{Kind: kind, What: "resize", Weight: int64(n)}, func() error { return h.sem.Resize(ctx, n) })
	}
}

func sharedClock() int64 {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts); err != nil {
		panic(err)
	}
	return ts.Nano()
}

// thingState is a thing as the model knows it. The model has no line but of those who
// gave up: the others, who wait, are only known by their having to.
type thingState struct {
	capacity int64
	last     int64 // greatest token that is known
	held     [allClients]struct{ token, weight int64 }
	quits    [allClients]int // how far one has come who gives up
	value    string          // of the leader
}

// unknown is the token of one who was granted something while it gave up.
const unknown = -1

func (s *thingState) used() (n int64) {
	for _, h := range s.held {
		n += h.weight
	}
	return n
}

// busy reports whether somebody holds the thing or waits for it. Without one who gives
// up, nobody waits unless somebody holds.
func (s *thingState) busy() bool { return s.used() > 0 || s.quits != [allClients]int{} }

// next returns what the state can be after an operation with its outcome.
func (s thingState) next(op thingOp) (states []any) {
	switch op.What {
	case "join", "pass", "quit":
		return s.quit(op)
	}
	if s.step(op) {
		return []any{s}
	}
	return nil
}

// quit is a step of one who gives up: it gets in line, may be granted what it waits for,
// and is gone.
func (s thingState) quit(op thingOp) (states []any) {
	if s.quits[op.Client]++; op.What != []string{"", "join", "pass", "quit"}[s.quits[op.Client]] {
		return nil
	}
	switch op.What {
	case "quit":
		s.quits[op.Client], s.held[op.Client] = 0, thingState{}.held[0]
	case "pass":
		states = append(states, s)
		if s.used()+op.Weight > s.capacity {
			return states
		}
		s.held[op.Client].token, s.held[op.Client].weight = unknown, op.Weight
		s.value = op.Value
	}
	return append(states, s)
}

// step reports whether an operation can have its outcome, and changes the state.
func (s *thingState) step(op thingOp) bool {
	mine := &s.held[op.Client]
	switch op.What {
	case "acquire", "try":
		return s.acquire(op)
	case "leader":
		return s.leads(op)
	case "resize":
		if op.Failed == "" {
			s.capacity = op.Weight
		}
		return op.Failed == "" || op.Failed == "conflict" && s.busy()
	}
	if mine.token != op.Token {
		return op.What == "release" && op.Failed == "lost" // for the second time
	}
	switch op.What {
	case "release":
		*mine = thingState{}.held[0]
	case "downgrade":
		mine.weight = 1
	case "proclaim":
		s.value = op.Value
	}
	return op.Failed == ""
}

func (s *thingState) acquire(op thingOp) bool {
	switch op.Failed {
	case "not acquired":
		return s.busy() && op.What == "try"
	case "too many":
		return op.Weight > s.capacity
	case "":
		if op.Token <= s.last || s.used()+op.Weight > s.capacity {
			return false
		}
		s.held[op.Client].token, s.held[op.Client].weight = op.Token, op.Weight
		s.last, s.value = op.Token, op.Value
		return true
	}
	return false
}

func (s *thingState) leads(op thingOp) bool {
	if op.Failed != "" {
		return op.Failed == "no leader" && s.used() == 0
	}
	for i := range s.held {
		h := &s.held[i]
		if h.token == unknown && op.Token > s.last {
			h.token, s.last = op.Token, op.Token
		}
		if h.weight > 0 {
			return h.token == op.Token && s.value == op.Value
		}
	}
	return false
}

// thingModel is what one thing does when operations come one after the other.
var thingModel = porcupine.NondeterministicModel{
	Partition: func(history []porcupine.Operation) (parts [][]porcupine.Operation) {
		at := make(map[string]int)
		for _, op := range history {
			kind := op.Input.(thingOp).Kind
			if _, ok := at[kind]; !ok {
				at[kind] = len(parts)
				parts = append(parts, nil)
			}
			parts[at[kind]] = append(parts[at[kind]], op)
		}
		return parts
	},
	Init: func() []any { return []any{thingState{}} },
	Step: func(state, input, _ any) []any {
		op, s := input.(thingOp), state.(thingState)
		if s.capacity == 0 {
			s.capacity = capacity(op.Kind)
		}
		return s.next(op)
	},
}

// operations returns an operation as the model sees it: giving up has three steps.
func operations(op thingOp) (all []porcupine.Operation) {
	steps := []string{op.What}
	if op.Failed == "gave up" {
		steps = []string{"join", "pass", "quit"}
	}
	for _, step := range steps {
		op.What = step
		all = append(all, porcupine.Operation{ClientId: op.Client, Input: op, Call: op.Call, Return: op.Return})
	}
	return all
}

// What several processes saw of the things can be explained by operations that each took
// effect at one moment between its call and its return.
func TestLinearizable(t *testing.T) {
	t.Parallel()
	historySeed := seed.Rand(t).Uint64()
	db := storetest.Open(t, store.Options{})
	if _, err := openThings(t.Context(), db, dsync.Options{}); err != nil {
		t.Fatal(err)
	}
	var list []*proctest.Process
	for i := range historyProcesses {
		first := i * historyStores * historyClients
		p := proctest.Start(t, "make history", db.Dir(), strconv.Itoa(first), strconv.FormatUint(historySeed, 10))
		p.Expect("ready")
		list = append(list, p)
	}
	var history []porcupine.Operation
	outcomes := make(map[string]int)
	var mu sync.Mutex
	var wg sync.WaitGroup
	for _, p := range list {
		p.Send("go")
		wg.Go(func() {
			for line, ok := p.Next(); ok; line, ok = p.Next() {
				var op thingOp
				if err := json.Unmarshal([]byte(line), &op); err != nil {
					t.Errorf("a child said %q", line)
				}
				mu.Lock()
				history = append(history, operations(op)...)
				outcomes[strings.TrimSpace(op.What+" "+op.Failed)]++
				mu.Unlock()
			}
			if err := p.Wait(); err != nil {
				t.Errorf("a child ended with %v:\n%s", err, p.Stderr())
			}
		})
	}
	wg.Wait()
	t.Logf("operations: %v", outcomes)
	if len(history) < allClients*historyTurns {
		t.Errorf("operations = %d, want %d at least", len(history), allClients*historyTurns)
	}
	if result := porcupine.CheckOperationsTimeout(thingModel.ToModel(), history, 20*time.Second); result != porcupine.Ok {
		t.Errorf("the history is %v, want %v", result, porcupine.Ok)
	}
}
