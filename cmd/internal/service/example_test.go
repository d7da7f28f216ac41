package service_test

import (
	"fmt"

	"github.com/regtrap/regtrap/cmd/internal/service"
)

func ExampleParseConfig() {
	_, warnings, err := service.ParseConfig([]string{
		"REGTRAP_BROKERS=kafka-1.corp.example:9092",
		"REGTRAP_TOPIC=winlog",
		"REGTRAP_START=newest",
	})
	for _, w := range warnings {
		fmt.Println(w)
	}
	fmt.Println(err)
	// Output:
	// REGTRAP_TOPIC: no such variable: the nearest is REGTRAP_TOPICS
	// REGTRAP_TOPICS: required: want topic names, comma separated
	// REGTRAP_START: "newest": want earliest or latest
}
