// Package matcher matches registry events against compiled conditions.
//
// A condition is a tree of tests on the fields of one event (Expr), built by a
// rule language. Compile turns a list of them into a Set, which is immutable
// and shared by all goroutines; each goroutine matches with a Matcher of its
// own.
//
//	[]Rule ─Compile─▶ Set ─NewMatcher─▶ Matcher ─Match────▶ rules that hold, in order
//	                                            └─Explain──▶ Trace: why one does or does not
//
// Of each condition the Set knows a cover: patterns of which one must match
// for the condition to hold. Each is filed under a literal that it needs, and
// one pass of an automaton over each text of a field finds the literals that
// are there. Only then are whole conditions evaluated, and only those whose
// cover has hit, so the cost of an event hardly grows with the number of
// rules. Conditions without a cover are evaluated on every event; see
// Set.Always.
//
// The package knows neither rule files nor rule names, and nothing of Kafka.
package matcher
