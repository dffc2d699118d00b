package site

import (
	"errors"
	"fmt"
	"net"
	"strconv"
)

// portTries bounds the search for a port that is free on every address.
const portTries = 20

// listen opens n loopback listeners: the same port on 127.0.0.2 and up, or,
// when one is set or an address is missing, ports of their own on 127.0.0.1.
func listen(n, port int, one bool) ([]net.Listener, error) {
	if one || !haveAddresses(n) {
		return listenOne(n, port)
	}
	if port != 0 {
		return listenSame(n, port)
	}
	var last error
	for range portTries {
		listeners, err := listenSame(n, 0)
		if err == nil {
			return listeners, nil
		}
		last = err
	}
	return nil, fmt.Errorf("find a port that is free on %d addresses: %w", n, last)
}

// address returns the loopback address of the i-th site.
func address(i int) string {
	return "127.0.0." + strconv.Itoa(i+2)
}

// haveAddresses reports whether the system lets us bind the first n addresses:
// Linux and Windows own the whole of 127.0.0.0/8, macOS and the BSDs only
// 127.0.0.1 unless aliases were added.
func haveAddresses(n int) bool {
	for i := range n {
		l, err := bind(address(i), 0)
		if err != nil {
			return false
		}
		l.Close()
	}
	return true
}

// listenSame opens the same port on n addresses; the first listener chooses
// the port when it is zero.
func listenSame(n, port int) ([]net.Listener, error) {
	var listeners []net.Listener
	for i := range n {
		l, err := bind(address(i), port)
		if err != nil {
			return nil, errors.Join(err, closeAll(listeners))
		}
		listeners = append(listeners, l)
		port = l.Addr().(*net.TCPAddr).Port
	}
	return listeners, nil
}

// listenOne opens n ports on 127.0.0.1: port and those after it, or free ones
// when port is zero.
func listenOne(n, port int) ([]net.Listener, error) {
	var listeners []net.Listener
	for i := range n {
		p := port
		if port != 0 {
			p = port + i
		}
		l, err := bind("127.0.0.1", p)
		if err != nil {
			return nil, errors.Join(err, closeAll(listeners))
		}
		listeners = append(listeners, l)
	}
	return listeners, nil
}

func bind(host string, port int) (net.Listener, error) {
	l, err := net.Listen("tcp4", net.JoinHostPort(host, strconv.Itoa(port)))
	if err != nil {
		return nil, fmt.Errorf("bind a loopback address: %w", err)
	}
	return l, nil
}

func closeAll(listeners []net.Listener) error {
	var errs []error
	for _, l := range listeners {
		errs = append(errs, l.Close())
	}
	return errors.Join(errs...)
}
