// Package child runs worker processes that never outlive the process that started
// them.
//
// # Model
//
// The standard input of a child is a pipe, its tether. What the parent writes there
// asks the child to stop; when the pipe ends, because the parent closed it or died
// in whatever way, the child exits at once. This works on every system, and needs
// no signals, process groups or pid files.
//
//	parent: Start ── Stop ("stop\n") ── Kill (pipe closed, process killed)
//	child:  Tether: "stop\n" calls stop, the end of the pipe calls gone
//
// However, you cannot assume that a suspended child ends with its parent before it
// runs again.
package child
