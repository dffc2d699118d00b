// Package proof tells whether a crawl was correct and polite, by witnesses that
// share no code with the crawler: the files themselves (package oracle), and the
// servers' log of the requests (package site).
//
// # Model
//
// A [Case] has what is to be judged: the records in the store, and the log. Each of
// its methods answers one question with a [Check].
//
// # What it cannot see
//
// The log's times are those of the server. A request that waits there before it is
// read appears later than it was sent, so spacing is judged by when requests
// arrived: that is what a server can ask for.
package proof
