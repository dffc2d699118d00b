package fetch

import "errors"

var (
	// ErrUnreachable is returned when no answer came: the name was not resolved,
	// the connection failed, or the header took too long. Another try may help.
	ErrUnreachable = errors.New("fetch: no answer")

	// ErrBroken is returned when the answer broke off or took too long. Another
	// try may help.
	ErrBroken = errors.New("fetch: answer broke off")

	// ErrRefused is returned when another try would fail as well: the address is
	// private, the certificate is bad, or the body is not encoded as declared.
	ErrRefused = errors.New("fetch: cannot be had")
)

var (
	errTimeout  = errors.New("timed out")
	errPrivate  = errors.New("address is private; allow it to crawl one's own network")
	errEncoding = errors.New("encoded in a way that was not asked for")
	errReplay   = errors.New("connection closed by the server; not sent again")
)
