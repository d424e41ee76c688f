package main

type upCommand struct{}

func (upCommand) Run(w *world) error { return nil }
