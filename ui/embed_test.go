package ui

import (
	"io/fs"
	"strings"
	"testing"
)

func TestFilesAlwaysHasAnIndex(t *testing.T) {
	body, err := fs.ReadFile(Files(), "index.html")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(body), "Millrace") {
		t.Errorf("index.html does not name Millrace:\n%s", body)
	}
}

func TestUnbuiltPageSaysHowToBuild(t *testing.T) {
	body, err := fs.ReadFile(unbuilt, "unbuilt/index.html")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"make build", "npm ci", "npm run build", "/docs"} {
		if !strings.Contains(string(body), want) {
			t.Errorf("the page of an unbuilt screen does not mention %q", want)
		}
	}
}
