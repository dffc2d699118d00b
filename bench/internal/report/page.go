package report

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/dcq-go/dcq/bench/internal/results"
)

// Page is a Markdown page with places for the results of programs, each between two
// lines:
//
//	<!-- results of NAME -->
//	<!-- end -->
//
// What is between them is replaced; the rest of the page is written by hand.
type Page struct {
	File  string // the page
	Plots string // the directory for the plots, beside the page
}

const (
	placeBegin = "<!-- results of %s -->\n"
	placeEnd   = "<!-- end -->\n"
)

// Write puts the results of a section's program into its place, and its plots into their
// directory. It returns an error if the page has no such place; then nothing was written.
func (p Page) Write(s *Section, run *results.Run) error {
	page, err := os.ReadFile(p.File)
	if err != nil {
		return err
	}
	begin := fmt.Sprintf(placeBegin, s.Name)
	before, rest, found := strings.Cut(string(page), begin)
	_, after, ended := strings.Cut(rest, placeEnd)
	if !found || !ended {
		return fmt.Errorf("%s has no place for the results of %s", p.File, s.Name)
	}
	text, plots, err := p.render(s, run)
	if err != nil {
		return err
	}
	if err := p.writePlots(plots); err != nil {
		return err
	}
	return os.WriteFile(p.File, []byte(before+begin+text+"\n"+placeEnd+after), 0o644)
}

// render returns the text for a section, and its plots by the names of their files.
func (p Page) render(s *Section, run *results.Run) (string, map[string]string, error) {
	run = s.shaped(run)
	var b strings.Builder
	plots := map[string]string{}
	fmt.Fprintf(&b, "\n%s.\n", strings.ReplaceAll(run.Facts.String(), "\n", ".\n"))
	peers := PeerTable(run)
	peers.Title = "### " + peers.Title
	if err := peers.Print(&b); err != nil {
		return "", nil, err
	}
	for _, part := range s.parts(run) {
		fmt.Fprintf(&b, "\n### %s\n", part.Title)
		if part.Text != "" {
			fmt.Fprintf(&b, "\n%s\n", part.Text)
		}
		if plot := part.plot(run); plot != "" {
			name := fmt.Sprintf("%s-%s.svg", s.Name, part.Name)
			plots[name] = plot
			fmt.Fprintf(&b, "\n![%s](%s/%s)\n", part.Title, filepath.Base(p.Plots), name)
		}
		t := part.table(run)
		t.Title = ""
		if err := t.Print(&b); err != nil {
			return "", nil, err
		}
	}
	goals := s.GoalTable(run)
	goals.Title = "### " + goals.Title
	err := goals.Print(&b)
	return squeeze(b.String()), plots, err
}

// squeeze leaves one empty line where there are several.
func squeeze(s string) string {
	for strings.Contains(s, "\n\n\n") {
		s = strings.ReplaceAll(s, "\n\n\n", "\n\n")
	}
	return s
}

func (p Page) writePlots(plots map[string]string) error {
	if len(plots) == 0 {
		return nil
	}
	if err := os.MkdirAll(p.Plots, 0o755); err != nil {
		return err
	}
	for name, plot := range plots {
		if err := os.WriteFile(filepath.Join(p.Plots, name), []byte(plot), 0o644); err != nil {
			return err
		}
	}
	return nil
}
