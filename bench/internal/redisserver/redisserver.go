// Package redisserver runs a Redis of a benchmark's own.
package redisserver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"
)

// Settings says how a server runs that is not told otherwise, for the tables.
const Settings = "Redis on a unix socket, no persistence"

// Socket is the name of a server's socket in its directory.
const Socket = "redis.sock"

// ErrNotFound is returned by Start when the machine has no Redis.
var ErrNotFound = errors.New("redis-server not found")

// Missing says why no server can be started here, "" if one can.
func Missing() string {
	if _, err := exec.LookPath("redis-server"); err != nil {
		return ErrNotFound.Error()
	}
	return ""
}

// patience is how long the server may take to answer or to end.
const patience = 10 * time.Second

// Server is a Redis that nobody else uses.
type Server struct {
	path string // of the socket
	addr string
	cmd  *exec.Cmd
}

// Start starts a server with its files in dir, and returns when it answers. It has no
// persistence unless the settings, arguments of redis-server, say so. Close it when done.
func Start(ctx context.Context, dir string, settings ...string) (*Server, error) {
	path, err := exec.LookPath("redis-server")
	if err != nil {
		return nil, ErrNotFound
	}
	host, port, err := freePort()
	if err != nil {
		return nil, err
	}
	s := &Server{path: filepath.Join(dir, Socket), addr: net.JoinHostPort(host, port)}
	s.cmd = exec.Command(path, append([]string{"--bind", host, "--port", port, "--unixsocket", s.path, "--dir", dir,
		"--save", "", "--appendonly", "no", "--loglevel", "warning", "--daemonize", "no"}, settings...)...)
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	if err := s.wait(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("start redis-server: %w", err), s.Close())
	}
	return s, nil
}

// freePort returns a port of the loopback interface that nobody uses now.
func freePort() (host, port string, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", "", err
	}
	defer l.Close()
	return net.SplitHostPort(l.Addr().String())
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

// Addr is the server's address on the loopback interface, for those who do not use the
// socket.
func (s *Server) Addr() string { return s.addr }

// Close ends the server.
func (s *Server) Close() error {
	timer := time.AfterFunc(patience, func() { _ = s.cmd.Process.Kill() })
	defer timer.Stop()
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	return s.cmd.Wait()
}

// Connect returns a client of the server with that socket, or that [Server.Addr]. Close it
// when done.
func Connect(to string) *redis.Client {
	network := "tcp"
	if filepath.Base(to) == Socket {
		network = "unix"
	}
	return redis.NewClient(&redis.Options{Network: network, Addr: to})
}
