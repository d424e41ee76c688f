// Command millrace runs the platform and talks to a running one. Each subcommand is a file; flags and
// exit codes are here, everything else below.
//
// Exit codes: 0 it went well, 1 it did not and stderr says why, 2 the command line is wrong.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"millrace/fault"
)

// version is set when the binary is linked.
var version = "dev"

// commands are the subcommands.
type commands struct {
	Up         upCommand          `cmd:"" help:"Run the platform: collect, process, store, serve, show."`
	SQL        sqlCommand         `cmd:"" name:"sql" help:"Run a Flink SQL script in this process and print its results."`
	Query      queryCommand       `cmd:"" help:"Ask the store of a running platform, in DuckDB's SQL."`
	Source     sourceCommands     `cmd:"" help:"What brings records into a running platform."`
	Pipeline   pipelineCommands   `cmd:"" help:"The pipelines of a running platform."`
	Topic      topicCommands      `cmd:"" help:"The topics of the bus."`
	Group      groupCommands      `cmd:"" help:"Who reads the topics of the bus, and how far they are."`
	DeadLetter deadLetterCommands `cmd:"" help:"Records that could not be read."`
	Alert      alertCommands      `cmd:"" help:"What is watched, what is wrong, and who is told."`
	LogLevel   logLevelCommand    `cmd:"" help:"What a running platform logs."`
	Health     healthcheckCommand `cmd:"" name:"healthcheck" help:"Exit with 0 if a running platform is well, else with 1."`
	Version    versionCommand     `cmd:"" help:"Print the version."`
}

// world is what commands get from outside.
type world struct {
	ctx         context.Context
	in          io.Reader
	out, errs   io.Writer
	environment []string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Environ()))
}

// run parses the command line and runs what it names.
func run(ctx context.Context, args []string, in io.Reader, out, errs io.Writer, environment []string) int {
	var c commands
	code := -1
	parser, err := kong.New(&c,
		kong.Name("millrace"),
		kong.Description("A real-time data platform in one program."),
		kong.UsageOnError(),
		kong.Writers(out, errs),
		kong.Exit(func(n int) { code = n }),
	)
	if err != nil {
		fmt.Fprintln(errs, "millrace:", err)
		return 2
	}
	k, err := parser.Parse(args)
	if code >= 0 {
		return code
	}
	if err != nil {
		fmt.Fprintln(errs, "millrace:", err)
		return 2
	}
	err = k.Run(&world{ctx: ctx, in: in, out: out, errs: errs, environment: environment})
	if err == nil || errors.Is(err, context.Canceled) && ctx.Err() != nil {
		return 0
	}
	complain(errs, err)
	return 1
}

// complain says what went wrong and how to mend it.
func complain(w io.Writer, err error) {
	fmt.Fprintln(w, "millrace:", err)
	if hint := fault.HintOf(err); hint != "" {
		fmt.Fprintln(w, "  hint:", hint)
	}
}

type versionCommand struct{}

// Run prints the version.
func (versionCommand) Run(w *world) error {
	_, err := fmt.Fprintln(w.out, version)
	return err
}
