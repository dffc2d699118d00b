package sitemap

import (
	"bufio"
	"compress/gzip"
	"errors"
	"io"
)

// errCut ends a stream that is longer than allowed. Unlike io.EOF it tells the
// parsers that what they hold may be half of something.
var errCut = errors.New("sitemap: limit reached")

// bufferSize holds the longest line that can be a URL, with some white space.
const bufferSize = 2 * MaxLoc

// limited ends the stream with errCut after left bytes, if there are more. It
// repeats its error, since bufio.Reader.Peek forgets it.
type limited struct {
	r    io.Reader
	left int64
	err  error
}

func (l *limited) Read(p []byte) (int, error) {
	if l.err != nil {
		return 0, l.err
	}
	if l.left == 0 {
		l.err = l.probe()
		return 0, l.err
	}
	n, err := l.r.Read(p[:min(int64(len(p)), l.left)])
	l.left -= int64(n)
	l.err = err
	return n, err
}

// probe finds out what ends a stream of exactly the allowed length.
func (l *limited) probe() error {
	var b [1]byte
	n, err := io.ReadFull(l.r, b[:])
	if n > 0 {
		return errCut
	}
	return err
}

// open returns the decompressed stream, after its byte order mark and white space.
// The end of the stream is no error yet.
func open(r io.Reader, limit int64) (*bufio.Reader, error) {
	in := bufio.NewReaderSize(&limited{r: r, left: limit}, bufferSize)
	if magic, _ := in.Peek(2); string(magic) == "\x1f\x8b" {
		unzipped, err := gzip.NewReader(in)
		if err != nil {
			return nil, err
		}
		in = bufio.NewReaderSize(&limited{r: unzipped, left: limit}, bufferSize)
	}
	if mark, _ := in.Peek(3); string(mark) == "\ufeff" {
		_, _ = in.Discard(len(mark)) // cannot fail: the bytes are buffered
	}
	return in, skipSpace(in)
}

func skipSpace(in *bufio.Reader) error {
	for {
		c, err := in.ReadByte()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if c > ' ' {
			return in.UnreadByte()
		}
	}
}
