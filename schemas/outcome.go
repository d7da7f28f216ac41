package schemas

// Kind says what a Decoder found.
type Kind uint8

const (
	End      Kind = iota // the value holds nothing more
	Registry             // a registry event
	Skipped              // a record that is no registry event
	Dead                 // a record that cannot be read: the whole value belongs in the dead letters
)

// Reason is a code of the fixed sets SkipReasons and DeadReasons; it labels
// metrics and travels in dead letters, so codes never change meaning.
type Reason string

const (
	SkipEmpty        Reason = "empty"         // null or empty value, or only white space
	SkipNotDocument  Reason = "not_document"  // begins neither as JSON nor as XML
	SkipAlert        Reason = "alert"         // event.kind is alert: our own or another's
	SkipOther        Reason = "not_registry"  // an event of a known shape, but no registry event
	SkipUnknownShape Reason = "unknown_shape" // JSON or XML of no known shape

	DeadMalformedJSON Reason = "malformed_json"
	DeadMalformedXML  Reason = "malformed_xml"
	DeadMissingPath   Reason = "missing_path" // a registry event without its path
	DeadLimit         Reason = "limit"        // beyond a limit of the decoder (depth, events, size)
	DeadAlertTooLarge Reason = "alert_too_large"
	DeadInternal      Reason = "internal" // a defect of regtrap
)

// SkipReasons returns every reason of Skipped, so that a metric can show them
// all from the start.
func SkipReasons() []Reason {
	return []Reason{SkipEmpty, SkipNotDocument, SkipAlert, SkipOther, SkipUnknownShape}
}

// DeadReasons returns every reason of Dead and of a DeadLetter.
func DeadReasons() []Reason {
	return []Reason{DeadMalformedJSON, DeadMalformedXML, DeadMissingPath, DeadLimit, DeadAlertTooLarge, DeadInternal}
}

// Outcome is the result of one step of a Decoder.
type Outcome struct {
	Kind   Kind
	Reason Reason // of Skipped and Dead
	Shape  Shape  // as far as it was told
	Detail string // of Dead: the place (byte offset) and what is wrong there
	// Missing is what a registry event lacks.
	Missing Missing
}
