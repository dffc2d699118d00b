//go:build unix

package store_test

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"golang.org/x/sys/unix"

	"github.com/dcq-go/dcq/internal/proctest"
	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
)

func init() { children["work on cells"] = workOnCells }

// cellOp is one operation on a cell, with the times of its call and its return by the
// clock that all processes share.
type cellOp struct {
	Cell, Client int
	Kind         string // read, write, add
	Arg, Result  int    // Result is the cell's value after the operation
	Call, Return int64
}

const (
	cells         = 3
	cellClients   = 2 // goroutines of a process
	cellProcesses = 3
)

// workOnCells does operations at random and says each.
func workOnCells(c *proctest.Child) error {
	db, err := childStore(c, store.Options{})
	if err != nil {
		return err
	}
	first, err := strconv.Atoi(c.Args[1])
	if err != nil {
		return err
	}
	seed, err := strconv.ParseUint(c.Args[2], 10, 64)
	if err != nil {
		return err
	}
	c.Say("ready")
	c.Command()
	errs := make(chan error)
	for i := range cellClients {
		r := rand.New(rand.NewPCG(seed, uint64(first+i)))
		go func() { errs <- cellClient(c, db, r, first+i) }()
	}
	for range cellClients {
		if err := <-errs; err != nil {
			return err
		}
	}
	return db.Close()
}

func cellClient(c *proctest.Child, db *store.DB, r *rand.Rand, client int) error {
	for range 40 {
		op := cellOp{Cell: r.IntN(cells), Client: client, Kind: []string{"read", "write", "add"}[r.IntN(3)], Arg: r.IntN(100)}
		op.Call = sharedClock()
		if err := doCellOp(c, db, &op); err != nil {
			return err
		}
		op.Return = sharedClock()
		line, err := json.Marshal(op)
		if err != nil {
			return err
		}
		c.Say("%s", line)
	}
	return nil
}

func doCellOp(c *proctest.Child, db *store.DB, op *cellOp) error {
	read := func(tx *store.Tx) error {
		return tx.QueryRow(`SELECT value FROM cells WHERE id = ?`, op.Cell).Scan(&op.Result)
	}
	if op.Kind == "read" {
		return db.View(context.Background(), read)
	}
	set := `UPDATE cells SET value = ? WHERE id = ?`
	if op.Kind == "add" {
		set = `UPDATE cells SET value = value + ? WHERE id = ?`
	}
	return db.Batch(context.Background(), op.Arg%8 == 0, func(tx *store.Tx) error {
		if _, err := tx.Exec(set, op.Arg, op.Cell); err != nil {
			return err
		}
		return read(tx)
	})
}

func sharedClock() int64 {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts); err != nil {
		panic(err)
	}
	return ts.Nano()
}

// cellModel is what one cell does when operations come one after the other.
var cellModel = porcupine.Model{
	Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
		byCell := make([][]porcupine.Operation, cells)
		for _, op := range history {
			cell := op.Input.(cellOp).Cell
			byCell[cell] = append(byCell[cell], op)
		}
		return byCell
	},
	Init: func() any { return 0 },
	Step: func(state, input, _ any) (bool, any) {
		op, value := input.(cellOp), state.(int)
		switch op.Kind {
		case "write":
			value = op.Arg
		case "add":
			value += op.Arg
		}
		return op.Result == value, value
	},
}

// What several processes saw of some cells can be explained by operations that each
// took effect at one moment between its call and its return.
func TestLinearizable(t *testing.T) {
	t.Parallel()
	cellSeed := seed.Rand(t).Uint64()
	db := storetest.Open(t, store.Options{})
	err := db.Update(t.Context(), func(tx *store.Tx) error {
		if _, err := tx.Exec(`CREATE TABLE cells (id INTEGER PRIMARY KEY, value INTEGER NOT NULL) STRICT`); err != nil {
			return err
		}
		_, err := tx.Exec(`INSERT INTO cells VALUES (0, 0), (1, 0), (2, 0)`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	var list []*proctest.Process
	for i := range cellProcesses {
		p := proctest.Start(t, "work on cells", db.Dir(), strconv.Itoa(i*cellClients), strconv.FormatUint(cellSeed, 10))
		p.Expect("ready")
		list = append(list, p)
	}
	var history []porcupine.Operation
	var mu sync.Mutex
	var wg sync.WaitGroup
	for _, p := range list {
		p.Send("go")
		wg.Go(func() {
			for line, ok := p.Next(); ok; line, ok = p.Next() {
				var op cellOp
				if err := json.Unmarshal([]byte(line), &op); err != nil {
					t.Errorf("a child said %q", line)
				}
				mu.Lock()
				history = append(history, porcupine.Operation{ClientId: op.Client, Input: op, Output: op.Result, Call: op.Call, Return: op.Return})
				mu.Unlock()
			}
			if err := p.Wait(); err != nil {
				t.Errorf("a child ended with %v:\n%s", err, p.Stderr())
			}
		})
	}
	wg.Wait()
	if want := cellProcesses * cellClients * 40; len(history) != want {
		t.Errorf("operations = %d, want %d", len(history), want)
	}
	if result := porcupine.CheckOperationsTimeout(cellModel, history, 20*time.Second); result != porcupine.Ok {
		t.Errorf("the history is %v, want %v", result, porcupine.Ok)
	}
}
