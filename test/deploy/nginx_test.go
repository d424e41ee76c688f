package deploy

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/coder/websocket"
	"github.com/google/go-cmp/cmp"
)

// frontend starts a real nginx with the configuration of the frontend's image, and returns its address.
func frontend(t testing.TB, api string) string {
	t.Helper()
	dir, address, screen := t.TempDir(), freeAddress(t), filepath.Join(root(t), "ui", "dist")
	if _, err := os.Stat(filepath.Join(screen, "index.html")); err != nil {
		t.Fatal("the screen is not built: run make build")
	}
	// As the image's entrypoint does it, by envsubst.
	site := strings.NewReplacer(
		"${MILLRACE_API}", api, "${NGINX_PORT}", address, "${NGINX_LOCAL_RESOLVERS}", "127.0.0.1", "/usr/share/nginx/html", screen,
	).Replace(read(t, inDeploy(t, "nginx", "default.conf.template")))
	user := ""
	if os.Getuid() == 0 {
		user = "user root;" // the files may be where nobody else comes
	}
	main := fmt.Sprintf(`%s daemon off; pid %[2]s/pid; error_log stderr; worker_processes 1;
events {}
http {
  include /etc/nginx/mime.types; default_type application/octet-stream; access_log off;
  client_body_temp_path %[2]s/body; proxy_temp_path %[2]s/proxy; fastcgi_temp_path %[2]s/f; uwsgi_temp_path %[2]s/u; scgi_temp_path %[2]s/s;
  include %[2]s/site.conf;
}`, user, dir)
	for name, text := range map[string]string{"nginx.conf": main, "site.conf": site} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	server(t, "http://"+address+"/favicon.svg", os.Environ(), tool(t, "nginx"), "-e", "stderr", "-p", dir, "-c", filepath.Join(dir, "nginx.conf"))
	return "http://" + address
}

// careful are the headers that nginx sets as the platform does when it serves the screen itself.
func careful(resp *http.Response) map[string][]string {
	out := map[string][]string{"status": {resp.Status}}
	for _, name := range []string{
		"Content-Security-Policy", "X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy", "Cross-Origin-Opener-Policy",
	} {
		out[name] = resp.Header.Values(name)
	}
	return out
}

func TestFrontend(t *testing.T) {
	t.Parallel()
	api := fromChart(t)
	front := frontend(t, api)
	t.Run("files", func(t *testing.T) { checkFiles(t, api, front) })
	t.Run("assets", func(t *testing.T) { checkAssets(t, front) })
	t.Run("API", func(t *testing.T) { checkAPI(t, api, front) })
	t.Run("WebSocket", func(t *testing.T) { checkWebSocket(t, front) })
	t.Run("API away", checkAway)
}

// checkFiles holds that nginx answers for the screen as the platform does.
func checkFiles(t *testing.T, api, front string) {
	for _, path := range []string{"/", "/index.html", "/favicon.svg", "/explore", "/pipelines/sensors", "/nothing.js", "/assets/nothing.css"} {
		direct, _ := ask(t, http.MethodGet, api+path, "", "")
		resp, got := ask(t, http.MethodGet, front+path, "", "")
		if diff := cmp.Diff(careful(direct), careful(resp)); diff != "" {
			t.Errorf("%s: (-platform +nginx):\n%s", path, diff)
		}
		if resp.StatusCode != http.StatusOK {
			continue
		}
		if cache := resp.Header.Values("Cache-Control"); !cmp.Equal(cache, []string{"no-cache"}) {
			t.Errorf("%s: Cache-Control %q, want no-cache", path, cache)
		}
		if path != "/favicon.svg" && !strings.Contains(got, "<div id=\"app\"") {
			t.Errorf("%s is not the screen:\n%.300s", path, got)
		}
		if strings.Contains(resp.Header.Get("Server"), "/") {
			t.Errorf("%s: it tells its version: %s", path, resp.Header.Get("Server"))
		}
	}
}

func checkAssets(t *testing.T, front string) {
	_, page := ask(t, http.MethodGet, front+"/", "", "")
	assets := regexp.MustCompile(`/assets/[^"]+\.(?:js|css)`).FindAllString(page, -1)
	if len(assets) < 2 {
		t.Fatalf("assets %v in\n%s", assets, page)
	}
	for _, path := range assets {
		plain, text := ask(t, http.MethodGet, front+path, "", "")
		if cache := plain.Header.Values("Cache-Control"); plain.StatusCode != http.StatusOK || !cmp.Equal(cache, []string{"public, max-age=31536000, immutable"}) {
			t.Errorf("%s: %s, Cache-Control %q", path, plain.Status, cache)
		}
		if len(text) < 1024 {
			continue
		}
		zipped, body := ask(t, http.MethodGet, front+path, "", "", "Accept-Encoding", "gzip, br")
		if zipped.Header.Get("Content-Encoding") != "gzip" || zipped.Header.Get("Vary") != "Accept-Encoding" || len(body) >= len(text) {
			t.Errorf("%s: encoding %q, vary %q, %d of %d bytes", path, zipped.Header.Get("Content-Encoding"), zipped.Header.Get("Vary"), len(body), len(text))
			continue
		}
		z, err := gzip.NewReader(strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(z); err != nil || string(got) != text {
			t.Errorf("%s: what was compressed is not what was there: %v", path, err)
		}
	}
	if resp, _ := ask(t, http.MethodGet, front+"/assets/nothing.js", "", ""); strings.Contains(resp.Header.Get("Cache-Control"), "immutable") {
		t.Error("that a file is missing may be kept for a year")
	}
}

// checkAPI holds that requests and answers pass as they are.
func checkAPI(t *testing.T, api, front string) {
	for _, path := range []string{"/api/status", "/api/nothing", "/docs", "/openapi.json", "/healthz", "/readyz"} {
		for _, who := range []string{"", token} {
			direct, _ := ask(t, http.MethodGet, api+path, who, "")
			resp, _ := ask(t, http.MethodGet, front+path, who, "")
			for _, name := range []string{"Content-Type", "Cache-Control", "Www-Authenticate"} {
				if diff := cmp.Diff(direct.Header.Values(name), resp.Header.Values(name)); diff != "" {
					t.Errorf("%s of %s (-platform +nginx):\n%s", name, path, diff)
				}
			}
			if diff := cmp.Diff(careful(direct), careful(resp)); diff != "" {
				t.Errorf("%s: (-platform +nginx):\n%s", path, diff)
			}
		}
	}
	// A page of the front's own address may write; one of another may not.
	point := `{"metric": "through_nginx", "value": 1, "tags": {"room": "lab"}}`
	if resp, text := ask(t, http.MethodPost, front+"/api/write", token, point, "Content-Type", "application/json", "Origin", front); resp.StatusCode/100 != 2 {
		t.Errorf("write: %s %s", resp.Status, text)
	}
	if resp, _ := ask(t, http.MethodPost, front+"/api/write", token, point, "Content-Type", "application/json", "Origin", "http://evil.example"); resp.StatusCode != http.StatusForbidden {
		t.Errorf("write from another site: %s, want 403", resp.Status)
	}
	// nginx's own bound of 1 MB is not in the way: the platform's is.
	many := strings.Repeat(point+"\n", (3<<20)/len(point))
	direct, _ := ask(t, http.MethodPost, api+"/api/write", token, many, "Content-Type", "application/x-ndjson")
	if resp, text := ask(t, http.MethodPost, front+"/api/write", token, many, "Content-Type", "application/x-ndjson"); resp.StatusCode != direct.StatusCode {
		t.Errorf("3 MB: %s through nginx, %s without: %.300s", resp.Status, direct.Status, text)
	}
}

func checkWebSocket(t *testing.T, front string) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	conn, _, err := websocket.Dial(ctx, front+"/ws/realtime", &websocket.DialOptions{HTTPHeader: http.Header{"Origin": {front}}})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.CloseNow()
	subscribe := `{"op":"subscribe","id":"a","channel":"metrics","names":["cpu_usage"]}`
	for _, message := range []string{`{"op":"auth","token":"` + token + `"}`, subscribe} {
		if err := conn.Write(ctx, websocket.MessageText, []byte(message)); err != nil {
			t.Fatal(err)
		}
	}
	// New values come each second, and as they come.
	for got := 0; got < 2; {
		_, data, err := conn.Read(ctx)
		if err != nil {
			t.Fatal(err)
		}
		var message struct{ Channel, ID string }
		if err := json.Unmarshal(data, &message); err != nil {
			t.Fatalf("%v: %.200s", err, data)
		}
		if message.Channel == "metrics" {
			got++
		}
	}
	if conn, resp, err := websocket.Dial(ctx, front+"/ws/realtime", &websocket.DialOptions{HTTPHeader: http.Header{"Origin": {"http://evil.example"}}}); err == nil {
		conn.CloseNow()
		t.Error("a page of another site may connect")
	} else if resp == nil || resp.StatusCode != http.StatusForbidden {
		t.Errorf("a page of another site: %v", err)
	}
}

// While the platform is away the screen is still there, and says so itself.
func checkAway(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	front := frontend(t, "http://"+l.Addr().String())
	l.Close()
	if resp, _ := ask(t, http.MethodGet, front+"/", "", ""); resp.StatusCode != http.StatusOK {
		t.Errorf("the screen: %s", resp.Status)
	}
	if resp, _ := ask(t, http.MethodGet, front+"/api/status", token, ""); resp.StatusCode != http.StatusBadGateway {
		t.Errorf("the API: %s, want 502", resp.Status)
	}
}
