// Package fetch asks a server for one URL, once, within limits, and tells what the
// crawler must know to be polite afterwards.
//
// # Model
//
// [Client.Do] sends one GET request and returns an [Exchange]: the answer, as much
// of the body as was wanted, and two facts about the server: when it surely had
// the request ([Exchange.Reached]), and whether it is surely done with it
// ([Exchange.Over]).
//
// # Guarantees
//
//   - One call, one request. Redirects are not followed, and a request is never
//     sent again on another connection, as net/http does when a kept connection
//     turns out to be dead: the second request would come without a pause.
//   - A request does not go to a private address unless [Options.Private] is set,
//     whatever name leads there; the address is checked after the look-up.
//   - At most the limit of the body is read, after decompression, and at most
//     1 MiB of header. Time is bounded by [Options.Timeout].
//   - A body of an unwanted type is not read, apart from a small rest that keeps
//     the connection usable.
//
// However, you cannot assume that the server has not acted on a request that
// failed.
//
// # Errors
//
// What goes wrong wraps [ErrUnreachable], [ErrBroken] or [ErrRefused]: the classes
// that call for different retries. If the caller's context ended, the error is its
// cause and none of these. The Exchange is valid with each of them.
package fetch
