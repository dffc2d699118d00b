package httpcache

// Wait waits for what is done in the background.
func (t *Transport) Wait() { t.background.Wait() }

// MaxVariants is how many responses are kept of one URL.
const MaxVariants = maxVariants
