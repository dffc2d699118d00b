package httpcache

import (
	"net/http"
	"testing"
	"time"
)

// What came may have been on its way for as long as it took to come.
func TestInitialAge(t *testing.T) {
	asked := time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC)
	received := asked.Add(4 * time.Second)
	for _, c := range []struct {
		date time.Duration // since it was asked for
		age  string
		want time.Duration
	}{
		{0, "", 4 * time.Second},
		{3 * time.Second, "", 4 * time.Second},
		{-10 * time.Second, "", 14 * time.Second},
		{-10 * time.Second, "9", 14 * time.Second},
		{-10 * time.Second, " 11 , 50", 15 * time.Second},
		{time.Hour, "1", 5 * time.Second},
		{0, "-1", 4 * time.Second},
	} {
		h := http.Header{"Date": {asked.Add(c.date).Format(http.TimeFormat)}}
		if c.age != "" {
			h.Set("Age", c.age)
		}
		if got := initialAge(h, asked, received); got != c.want {
			t.Errorf("initialAge(Date %v, Age %q) = %v, want %v", c.date, c.age, got, c.want)
		}
	}
}
