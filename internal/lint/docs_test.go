package lint

import (
	"go/ast"
	"go/token"
	"strings"
	"testing"
)

func TestPackagesHaveComments(t *testing.T) {
	tr := load(t)
	byDir := tr.packages()
	for _, f := range tr.files {
		if byDir[f.dir] == nil { // a folder of tests alone
			byDir[f.dir] = append(byDir[f.dir], f)
		}
	}
	for dir, files := range byDir {
		var docs []string
		for _, f := range files {
			if f.ast.Doc != nil {
				docs = append(docs, f.ast.Doc.Text())
			}
		}
		name := strings.TrimSuffix(files[0].ast.Name.Name, "_test")
		want := "Package " + name + " "
		if name == "main" {
			want = "Command "
		}
		switch {
		case len(docs) == 0 && !files[0].test:
			t.Errorf("%s: no package comment: write what it is for, who calls it and what must hold, beginning %q", dir, want)
		case len(docs) > 1:
			t.Errorf("%s: %d files have a package comment: keep one", dir, len(docs))
		case len(docs) == 1 && !strings.HasPrefix(docs[0], want):
			t.Errorf("%s: the package comment begins %q: begin it with %q", dir, firstWords(docs[0]), want)
		}
	}
}

func TestExportedNamesHaveComments(t *testing.T) {
	tr := load(t)
	for _, f := range tr.files {
		if f.test || f.ast.Name.Name == "main" {
			continue
		}
		for _, decl := range f.ast.Decls {
			switch d := decl.(type) {
			case *ast.FuncDecl:
				checkFunc(t, tr, d)
			case *ast.GenDecl:
				checkGroup(t, tr, d)
			}
		}
	}
}

// wellKnown are methods whose meaning an interface of the standard library fixes.
var wellKnown = map[string]bool{
	"String": true, "GoString": true, "Error": true, "Unwrap": true, "Is": true, "As": true,
	"MarshalJSON": true, "UnmarshalJSON": true, "MarshalText": true, "UnmarshalText": true,
	"Len": true, "Less": true, "Swap": true, "Push": true, "Pop": true, "LogValue": true,
}

func checkFunc(t *testing.T, tr *tree, d *ast.FuncDecl) {
	t.Helper()
	if !d.Name.IsExported() || d.Recv != nil && (wellKnown[d.Name.Name] || !exportedReceiver(d.Recv)) {
		return
	}
	checkComment(t, tr, d.Pos(), d.Name.Name, d.Doc)
}

func checkGroup(t *testing.T, tr *tree, d *ast.GenDecl) {
	t.Helper()
	for _, spec := range d.Specs {
		switch s := spec.(type) {
		case *ast.TypeSpec:
			if s.Name.IsExported() {
				checkComment(t, tr, s.Pos(), s.Name.Name, firstComment(s.Doc, d.Doc))
			}
		case *ast.ValueSpec:
			checkValues(t, tr, d, s)
		}
	}
}

// checkValues asks less of constants and variables in a group: one comment above all will do, or one
// at the end of the line.
func checkValues(t *testing.T, tr *tree, d *ast.GenDecl, s *ast.ValueSpec) {
	t.Helper()
	if !s.Names[0].IsExported() {
		return
	}
	if d.Lparen == token.NoPos {
		checkComment(t, tr, s.Pos(), s.Names[0].Name, d.Doc)
		return
	}
	if s.Doc == nil && s.Comment == nil && d.Doc == nil {
		t.Errorf("%s: %s has no comment, nor has its group: say what it means", tr.at(s.Pos()), s.Names[0].Name)
	}
}

func checkComment(t *testing.T, tr *tree, pos token.Pos, name string, doc *ast.CommentGroup) {
	t.Helper()
	if doc == nil {
		t.Errorf("%s: exported %s has no comment: write a sentence that begins with %q", tr.at(pos), name, name)
		return
	}
	text := doc.Text()
	for _, article := range []string{"A ", "An ", "The "} {
		text = strings.TrimPrefix(text, article)
	}
	if text == "" || !strings.HasPrefix(text, name) {
		t.Errorf("%s: the comment of %s begins %q: begin it with %q", tr.at(pos), name, firstWords(doc.Text()), name)
	}
}

func exportedReceiver(recv *ast.FieldList) bool {
	typ := recv.List[0].Type
	for {
		switch x := typ.(type) {
		case *ast.StarExpr:
			typ = x.X
		case *ast.IndexExpr:
			typ = x.X
		case *ast.IndexListExpr:
			typ = x.X
		case *ast.Ident:
			return x.IsExported()
		default:
			return false
		}
	}
}

func firstComment(groups ...*ast.CommentGroup) *ast.CommentGroup {
	for _, g := range groups {
		if g != nil {
			return g
		}
	}
	return nil
}

func firstWords(text string) string {
	words := strings.Fields(text)
	return strings.Join(words[:min(len(words), 4)], " ")
}
