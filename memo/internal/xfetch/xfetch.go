// Package xfetch decides when a result that still lives is computed anew (Vattani,
// Chiera, Lowenstein: Optimal Probabilistic Cache Stampede Prevention, VLDB 2015). It is
// a package of its own so that the study of it uses what memo uses.
package xfetch

import (
	"math"
	"time"
)

// Early reports whether a result that has so much of its life left should be computed
// now: its end is put forward by a random multiple of how long the computation took. One
// that has nothing left should. random is in (0, 1]; for a uniform one, Early is true with
// a probability of e^(-left/(beta*took)).
func Early(took, left time.Duration, beta, random float64) bool {
	return left <= 0 || float64(took)*beta*-math.Log(random) >= float64(left)
}
