package worker

// Held is how many attempts the pool holds.
func (p *Pool) Held() int { return len(p.heldTasks()) }
