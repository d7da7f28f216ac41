// Demo shows what regtrap does, on a machine that has only Go: it starts an
// embedded Kafka broker, runs the service of `regtrap run` in the same process,
// feeds it invented telemetry, and tells the story of what came out.
//
//	go run ./cmd/demo          # ends by itself
//	go run ./cmd/demo --keep   # goes on until interrupted, for other tools to look at
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}
