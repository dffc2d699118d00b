package main

import (
	"bufio"
	"context"
	"io"
	"net"
	"path/filepath"
	"testing"
)

// A handler without a job waits for one: a client that asked again and again would not be
// idle when it is to be woken.
func TestBeanstalkdWaits(t *testing.T) {
	place := t.TempDir()
	server, err := net.Listen("unix", filepath.Join(place, beanstalkdSocket))
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	q, err := openBeanstalkd(place)
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	ended := make(chan error, 1)
	go func() { ended <- q.work(ctx, 1, func() {}) }()
	conn, err := server.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	got, err := bufio.NewReader(conn).ReadString('\n')
	if want := "reserve-with-timeout 1\r\n"; got != want || err != nil {
		t.Errorf("work asks %q, %v, want %q", got, err, want)
	}
	cancel()
	if _, err := io.WriteString(conn, "TIMED_OUT\r\n"); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Errorf("work = %v", err)
	}
}
