package ast

// CreateFunction is CREATE FUNCTION. What it does is an expression of SQL (Body), an export of a WebAssembly
// module, or a class, which only Flink can call. Text in quotes behind AS is taken apart by the parser, so that
// CREATE FUNCTION f AS '(a INT) RETURNS INT RETURN a + 1' LANGUAGE SQL is what
// CREATE FUNCTION f (a INT) RETURNS INT LANGUAGE SQL RETURN a + 1 is.
type CreateFunction struct {
	Span
	Temporary   bool
	System      bool
	IfNotExists bool
	Name        ObjectName
	Params      []Param
	Returns     *Type  // nil for a class
	Language    string // SQL, WASM, JAVA, SCALA or PYTHON
	// NotDeterministic: the answer may differ for equal arguments.
	NotDeterministic bool
	// OnNull: it is called where an argument is NULL, too.
	OnNull bool
	Body   Expr   // of SQL
	As     Text   // the export or the class
	Using  []Text // USING JAR 'a', JAR 'b'
}

// Param is a parameter of a function; those of WebAssembly need no name.
type Param struct {
	Span
	Name Ident
	Type *Type
}

// AlterFunction is ALTER FUNCTION [IF EXISTS], which says all of the function anew.
type AlterFunction struct {
	Span
	IfExists bool
	To       *CreateFunction
}

// DropFunction is DROP [TEMPORARY [SYSTEM]] FUNCTION.
type DropFunction struct {
	Span
	Temporary bool
	System    bool
	IfExists  bool
	Name      ObjectName
}

// DescribeFunction is DESCRIBE FUNCTION [EXTENDED] or SHOW CREATE FUNCTION.
type DescribeFunction struct {
	Span
	Create   bool // SHOW CREATE
	Extended bool
	Name     ObjectName
}

func (*CreateFunction) statement()   {}
func (*AlterFunction) statement()    {}
func (*DropFunction) statement()     {}
func (*DescribeFunction) statement() {}

func (p *printer) function(s Statement) {
	switch s := s.(type) {
	case *CreateFunction:
		p.text("CREATE ")
		p.functionName(s.Temporary, s.System, s.IfNotExists, "IF NOT EXISTS ", s.Name)
		p.functionBody(s)
	case *AlterFunction:
		p.text("ALTER ")
		p.functionName(s.To.Temporary, s.To.System, s.IfExists, "IF EXISTS ", s.To.Name)
		p.functionBody(s.To)
	case *DropFunction:
		p.text("DROP ")
		p.functionName(s.Temporary, s.System, s.IfExists, "IF EXISTS ", s.Name)
	case *DescribeFunction:
		if s.Create {
			p.text("SHOW CREATE FUNCTION ")
		} else {
			p.text("DESCRIBE FUNCTION ")
		}
		p.flag(s.Extended, "EXTENDED ")
		p.object(s.Name)
	}
}

func (p *printer) functionName(temporary, system, exists bool, text string, name ObjectName) {
	p.flag(temporary, "TEMPORARY ")
	p.flag(system, "SYSTEM ")
	p.text("FUNCTION ")
	p.flag(exists, text)
	p.object(name)
}

func (p *printer) functionBody(s *CreateFunction) {
	if s.Returns != nil {
		p.text(" (")
		list(p, s.Params, func(a Param) {
			if a.Name.Name != "" {
				p.ident(a.Name)
				p.text(" ")
			}
			p.dataType(a.Type)
		})
		p.text(") RETURNS ")
		p.dataType(s.Returns)
	}
	if s.Body == nil {
		p.text(" AS ")
		p.quote(s.As.Text)
	}
	p.text(" LANGUAGE ", s.Language)
	p.flag(s.NotDeterministic, " NOT DETERMINISTIC")
	p.flag(s.OnNull, " CALLED ON NULL INPUT")
	for i, u := range s.Using {
		p.flag(i == 0, " USING ")
		p.flag(i > 0, ", ")
		p.text("JAR ")
		p.quote(u.Text)
	}
	if s.Body != nil {
		p.text(" RETURN ")
		p.expr(s.Body)
	}
}
