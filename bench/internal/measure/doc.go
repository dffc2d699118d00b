// Package measure is what all programs that compare dcq with its peers share.
//
// A measured process is a [Process]: a child that is told what to do line by line, and
// answers so. It is this program again (see [Self] and [Serve]) or one in another
// language that speaks the same lines, so one measurement serves every peer. Times that
// two processes must agree on are read with [Monotonic]; [Samples] has what came of
// them; a [Log] keeps everything as JSON lines, beside what is known of the machine; a
// [Table] shows the part that matters.
package measure
