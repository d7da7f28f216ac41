package schemas

import _ "embed"

//go:embed alert.schema.json
var alertSchema string

//go:embed deadletter.schema.json
var deadLetterSchema string

// AlertSchema returns the JSON Schema (draft 2020-12) of Alert.
func AlertSchema() string { return alertSchema }

// DeadLetterSchema returns the JSON Schema (draft 2020-12) of DeadLetter.
func DeadLetterSchema() string { return deadLetterSchema }
