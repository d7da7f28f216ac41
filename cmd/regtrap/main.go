// Regtrap is a tripwire for Windows registry persistence on Kafka; see
// `regtrap help`.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/regtrap/regtrap/cmd/internal/build"
	"github.com/regtrap/regtrap/cmd/internal/cli"
)

// Set by the linker (-X main.version=… -X main.commit=…) in releases.
var version, commit string

func main() { os.Exit(run()) }

func run() int {
	signal.Ignore(syscall.SIGPIPE) // a reader that closes our output is an error to handle, not a death
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return cli.Main(ctx, cli.Process{
		Env: os.Environ(), Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Build: build.Read(version, commit),
	}, os.Args[1:])
}
