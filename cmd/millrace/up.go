package main

import (
	"fmt"
	"log/slog"

	"millrace/config"
	"millrace/node"
	"millrace/telemetry"
)

type upCommand struct {
	Config   string `help:"Settings, a YAML file." placeholder:"FILE" type:"existingfile"`
	Data     string `help:"Folder of everything that is kept (./data)." placeholder:"DIR"`
	Listen   string `help:"Address of API and screen (127.0.0.1:8000)." placeholder:"HOST:PORT"`
	Kafka    string `help:"Address of the embedded broker (127.0.0.1:9092)." placeholder:"HOST:PORT"`
	Demo     string `help:"Whether the demo generator feeds sensors.raw until real data comes (on)." placeholder:"on|off" enum:",on,off" default:""`
	Insecure bool   `help:"Let everyone in on an address that others can reach."`
}

// Run opens the node and runs it until Ctrl-C.
func (c *upCommand) Run(w *world) error {
	cfg, err := config.Load(c.Config, w.environment, c.override)
	if err != nil {
		return err
	}
	level := new(slog.LevelVar)
	if l, ok := telemetry.ParseLevel(cfg.Log.Level); ok {
		level.Set(l)
	}
	log := telemetry.NewLogger(w.errs, telemetry.LogOptions{Level: level, Format: cfg.Log.Format, Color: telemetry.IsTerminal(w.errs)})
	for _, warning := range cfg.Warnings {
		log.Warn("setting", "logger", "config", "warning", warning)
	}
	n, err := node.Open(w.ctx, cfg, version, log)
	if err != nil {
		return err
	}
	fmt.Fprintf(w.out, "Millrace %s\n  screen  http://%s/\n  docs    http://%s/docs\n  Kafka   %s\n  data    %s\nCtrl-C stops it.\n",
		version, n.Addr(), n.Addr(), n.BusAddr(), cfg.Data)
	return n.Run(w.ctx)
}

// override lets the command line win over the file and the environment.
func (c *upCommand) override(cfg *config.Config) {
	set := func(to *string, v string) {
		if v != "" {
			*to = v
		}
	}
	set(&cfg.Data, c.Data)
	set(&cfg.Listen, c.Listen)
	set(&cfg.Kafka.Listen, c.Kafka)
	if c.Demo != "" {
		cfg.Demo = config.Switch(c.Demo)
	}
	cfg.Insecure = cfg.Insecure || c.Insecure
}
