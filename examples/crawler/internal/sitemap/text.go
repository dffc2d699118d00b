package sitemap

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
)

// readText reads a URL from each line. Lines of anything else are skipped; if
// there is nothing else, the file is no sitemap.
func (c *collector) readText(in *bufio.Reader) error {
	c.sitemap.Kind = Text
	for !c.full {
		line, err := readLine(in)
		c.line(line, err)
		if err == nil {
			continue
		}
		wrong := errors.Is(err, io.EOF) && c.sitemap.Skipped > 0 || errors.Is(err, errCut)
		if wrong && len(c.sitemap.Entries) == 0 {
			c.sitemap.Kind = Unknown
			return fmt.Errorf("%w: text without a URL", ErrFormat)
		}
		return err
	}
	return nil
}

// line takes a line and the error that ended it, if no line end did. Except at the
// end of the file it may then be half a URL.
func (c *collector) line(line string, err error) {
	switch {
	case line == "" || err != nil && !errors.Is(err, io.EOF):
	case isURL(line):
		c.add(line, "")
	default:
		c.sitemap.Skipped++
	}
}

// readLine returns the next line without white space around it. In place of one that
// does not fit the buffer it returns what is no URL.
func readLine(in *bufio.Reader) (string, error) {
	line, err := in.ReadSlice('\n')
	s := string(bytes.TrimSpace(line))
	if !errors.Is(err, bufio.ErrBufferFull) {
		return s, err
	}
	for errors.Is(err, bufio.ErrBufferFull) {
		_, err = in.ReadSlice('\n')
	}
	return "(too long)", err
}

func isURL(s string) bool {
	scheme, rest, ok := strings.Cut(s, "://")
	return ok && rest != "" && (strings.EqualFold(scheme, "http") || strings.EqualFold(scheme, "https"))
}
