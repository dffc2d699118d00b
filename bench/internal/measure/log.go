package measure

import (
	"encoding/json"
	"os"
)

// Log keeps raw results as JSON lines.
type Log struct {
	file *os.File // nil if nothing is kept
	enc  *json.Encoder
}

// Record is a result as it is kept. Times are in nanoseconds.
type Record struct {
	Part    string             `json:"part"`             // what was measured
	Peer    string             `json:"peer"`             // of whom
	Round   int                `json:"round"`            // from 0
	Values  map[string]float64 `json:"values,omitempty"` // by name, with the unit in it
	Samples Samples            `json:"samples,omitempty"`
	Note    string             `json:"note,omitempty"`  // settings
	Fault   string             `json:"fault,omitempty"` // why there is nothing, or nothing more
}

// Create makes the file, or empties it, and writes the facts to it. An empty name keeps
// nothing.
func Create(name string, facts Facts) (*Log, error) {
	if name == "" {
		return &Log{}, nil
	}
	file, err := os.Create(name)
	if err != nil {
		return nil, err
	}
	l := &Log{file: file, enc: json.NewEncoder(file)}
	return l, l.enc.Encode(map[string]Facts{"machine": facts})
}

// Add writes a record.
func (l *Log) Add(r Record) error {
	if l.file == nil {
		return nil
	}
	return l.enc.Encode(r)
}

// Close closes the file.
func (l *Log) Close() error {
	if l.file == nil {
		return nil
	}
	return l.file.Close()
}
