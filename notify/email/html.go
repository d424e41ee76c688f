package email

import (
	"fmt"
	stdhtml "html"
	"strings"

	"millrace/notify"
)

// html is a page as HTML that mail programs show: tables and inline styles.
func html(p notify.Page) string {
	color := map[notify.Level]string{notify.Info: "#0288d1", notify.Warning: "#f9a825", notify.Error: "#ef6c00", notify.Critical: "#c62828"}[p.Level]
	if p.Status == notify.Resolved {
		color = "#2e7d32"
	}
	esc := stdhtml.EscapeString
	var out strings.Builder
	fmt.Fprintf(&out, `<!DOCTYPE html><html><head><meta charset="utf-8"></head><body style="font-family:sans-serif;font-size:14px;color:#222">`+
		`<div style="background:%s;color:#fff;padding:12px 16px;font-size:16px;font-weight:bold">%s</div>`, color, esc(p.Title))
	for _, e := range p.Entries {
		if len(p.Entries) > 1 || e.Heading != p.Title {
			fmt.Fprintf(&out, `<p style="margin:16px 0 4px;font-weight:bold">%s</p>`, esc(e.Heading))
		}
		out.WriteString(`<table style="border-collapse:collapse;margin:8px 0">`)
		for _, f := range e.Fields {
			fmt.Fprintf(&out, `<tr><td style="padding:3px 16px 3px 0;color:#666;white-space:nowrap;vertical-align:top">%s</td><td style="padding:3px 0">%s</td></tr>`,
				esc(f.Name), strings.ReplaceAll(esc(f.Value), "\n", "<br>"))
		}
		out.WriteString(`</table>`)
	}
	if p.More != "" {
		fmt.Fprintf(&out, `<p>%s</p>`, esc(p.More))
	}
	if p.Link != "" {
		fmt.Fprintf(&out, `<p><a href="%s">%s</a></p>`, esc(p.Link), esc(p.Open))
	}
	out.WriteString(`</body></html>`)
	return out.String()
}
