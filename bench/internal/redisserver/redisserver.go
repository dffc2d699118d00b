// Package redisserver runs a Redis of a benchmark's own.
package redisserver

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"
)

// Settings says how the server runs, for the tables.
const Settings = "Redis on a unix socket, no persistence"

// Socket is the name of a server's socket in its directory.
const Socket = "redis.sock"

// ErrNotFound is returned by Start when the machine has no Redis.
var ErrNotFound = errors.New("redis-server not found")

// patience is how long the server may take to answer or to end.
const patience = 10 * time.Second

// Server is a Redis that nobody else uses.
type Server struct {
	path string // of the socket
	cmd  *exec.Cmd
}

// Start starts a server with its files in dir, without persistence, and returns when it
// answers. Close it when done.
func Start(ctx context.Context, dir string) (*Server, error) {
	path, err := exec.LookPath("redis-server")
	if err != nil {
		return nil, ErrNotFound
	}
	s := &Server{path: filepath.Join(dir, Socket)}
	s.cmd = exec.Command(path, "--port", "0", "--unixsocket", s.path, "--dir", dir,
		"--save", "", "--appendonly", "no", "--loglevel", "warning", "--daemonize", "no")
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	if err := s.wait(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("start redis-server: %w", err), s.Close())
	}
	return s, nil
}

func (s *Server) wait(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	client := Connect(s.path)
	defer client.Close()
	for {
		err := client.Ping(ctx).Err()
		if err == nil || ctx.Err() != nil {
			return err
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// PID is the process id of the server.
func (s *Server) PID() int { return s.cmd.Process.Pid }

// Close ends the server.
func (s *Server) Close() error {
	timer := time.AfterFunc(patience, func() { _ = s.cmd.Process.Kill() })
	defer timer.Stop()
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	return s.cmd.Wait()
}

// Connect returns a client of the server with that socket. Close it when done.
func Connect(socket string) *redis.Client {
	return redis.NewClient(&redis.Options{Network: "unix", Addr: socket})
}
