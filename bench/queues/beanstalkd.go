package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/beanstalkd/go-beanstalk"
)

const (
	beanstalkdName     = "beanstalkd"
	beanstalkdSettings = "go-beanstalk, a connection a caller; beanstalkd on a unix socket with a log (-b), and -f0 where durable"

	beanstalkdTube   = "default" // which every connection uses and watches unless told otherwise
	beanstalkdSocket = "beanstalkd.sock"
	beanstalkdTTR    = time.Minute
	reserveAtMost    = time.Second // so that work sees that it is to end; go-beanstalk cuts off what is not a whole second
)

// startBeanstalkd starts a server with its files in place, and returns what ends it.
func startBeanstalkd(place string, durable bool) (end func() error, err error) {
	path, err := exec.LookPath("beanstalkd")
	if err != nil {
		return nil, errors.New("beanstalkd not found")
	}
	socket := filepath.Join(place, beanstalkdSocket)
	cmd := exec.Command(path, append([]string{"-l", "unix:" + socket}, beanstalkdLog(place, durable)...)...)
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	end = func() error {
		defer time.AfterFunc(serverPatience, func() { _ = cmd.Process.Kill() }).Stop()
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait() // it has no other way to end than by the signal
		return nil
	}
	for deadline := time.Now().Add(serverPatience); ; time.Sleep(10 * time.Millisecond) {
		conn, err := net.Dial("unix", socket)
		if err == nil {
			return end, conn.Close()
		}
		if time.Now().After(deadline) {
			return nil, errors.Join(fmt.Errorf("start beanstalkd: %w", err), end())
		}
	}
}

// beanstalkdLog are the arguments of beanstalkd for that durability.
func beanstalkdLog(place string, durable bool) []string {
	if durable {
		return []string{"-b", place, "-f0"}
	}
	return []string{"-b", place}
}

// beanstalkdQueue keeps connections that nobody uses at the moment.
type beanstalkdQueue struct {
	place string
	idle  chan *beanstalk.Conn
}

func openBeanstalkd(place string) (*beanstalkdQueue, error) {
	return &beanstalkdQueue{place, make(chan *beanstalk.Conn, connections)}, nil
}

func (q *beanstalkdQueue) Close() error {
	for {
		select {
		case c := <-q.idle:
			_ = c.Close()
		default:
			return nil
		}
	}
}

// with calls fn with a connection that nobody else uses meanwhile.
func (q *beanstalkdQueue) with(fn func(*beanstalk.Conn) error) (err error) {
	var c *beanstalk.Conn
	select {
	case c = <-q.idle:
	default:
		if c, err = beanstalk.Dial("unix", filepath.Join(q.place, beanstalkdSocket)); err != nil {
			return err
		}
	}
	err = fn(c)
	select {
	case q.idle <- c:
	default:
		_ = c.Close()
	}
	return err
}

func (q *beanstalkdQueue) push(payload []byte) error {
	return q.with(func(c *beanstalk.Conn) error {
		_, err := c.Put(payload, 0, 0, beanstalkdTTR)
		return err
	})
}

// pushMany pushes one by one: the protocol has nothing else.
func (q *beanstalkdQueue) pushMany(payloads [][]byte) error {
	for _, p := range payloads {
		if err := q.push(p); err != nil {
			return err
		}
	}
	return nil
}

func (q *beanstalkdQueue) work(ctx context.Context, handlers int, done func()) error {
	return inParallel(handlers, func() error {
		return q.with(func(c *beanstalk.Conn) error {
			for ctx.Err() == nil {
				id, _, err := c.Reserve(reserveAtMost)
				if errors.Is(err, beanstalk.ErrTimeout) {
					continue
				}
				if err != nil {
					return err
				}
				done()
				if err := c.Delete(id); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

func (q *beanstalkdQueue) left() (n int, err error) {
	err = q.with(func(c *beanstalk.Conn) error {
		stats, err := (&beanstalk.Tube{Conn: c, Name: beanstalkdTube}).Stats()
		if err != nil {
			return err
		}
		for _, key := range []string{"current-jobs-ready", "current-jobs-reserved"} {
			jobs, err := strconv.Atoi(stats[key])
			if err != nil {
				return err
			}
			n += jobs
		}
		return nil
	})
	return n, err
}
