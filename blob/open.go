package blob

import (
	"context"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"gocloud.dev/blob"
	"gocloud.dev/blob/fileblob"
	"gocloud.dev/blob/memblob"
	"gocloud.dev/blob/s3blob"

	"millrace/fault"
)

// Open opens the bucket of a URL; see the package comment. It does not reach out: a service that is
// away is noticed at the first use, or by Ping.
func Open(ctx context.Context, rawURL string) (*Bucket, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		// The error of url.Parse repeats the text, which may have a secret in it.
		return nil, fault.New(fault.Invalid, "open bucket: its URL is not readable").WithHint("%s", urlHint)
	}
	if u.User != nil {
		return nil, fault.New(fault.Invalid, "open bucket: its URL has credentials").
			WithHint("take them out and set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
	}
	var b *Bucket
	switch u.Scheme {
	case "file":
		b, err = openFolder(u)
	case "s3":
		b, err = openS3(ctx, u)
	case "mem":
		b = &Bucket{in: memblob.OpenBucket(nil)}
	default:
		err = fault.New(fault.Invalid, "open bucket: scheme %q is not known", u.Scheme).WithHint("%s", urlHint)
	}
	if err != nil {
		return nil, err
	}
	b.url = u.String()
	return b, nil
}

const urlHint = "write file:///folder, s3://bucket/prefix?region=… or mem://"

func openFolder(u *url.URL) (*Bucket, error) {
	if u.Host != "" || u.Path == "" || u.RawQuery != "" {
		return nil, fault.New(fault.Invalid, "open bucket: %s is no folder", u).WithHint("write file:///absolute/path")
	}
	root := filepath.Clean(filepath.FromSlash(u.Path))
	in, err := fileblob.OpenBucket(root, &fileblob.Options{
		CreateDir: true,
		NoTempDir: true, // a rename must not cross file systems
		Metadata:  fileblob.MetadataDontWrite,
	})
	if err != nil {
		return nil, fault.New(fault.Unavailable, "open bucket %s: %w", u, err)
	}
	if err := clean(root, time.Now().Add(-leftAlone)); err != nil {
		return nil, fault.New(fault.Unavailable, "open bucket %s: remove unfinished files: %w", u, err)
	}
	return &Bucket{in: in, root: root}, nil
}

// leftAlone is how long an unfinished file in a folder may still be someone's.
const leftAlone = time.Hour

// unfinished reports whether a file is one that a Put has begun, as the library names it: key.<hexadecimal>.tmp. A process
// that is killed leaves it behind.
func unfinished(name string) bool {
	rest, ok := strings.CutSuffix(name, ".tmp")
	_, hex, found := strings.Cut(rest[strings.LastIndexByte(rest, '/')+1:], ".")
	if i := strings.LastIndexByte(hex, '.'); i >= 0 {
		hex = hex[i+1:]
	}
	return ok && found && len(hex) == 16 && strings.Trim(hex, "0123456789abcdef") == ""
}

// clean removes the unfinished files in a folder that are older than a time.
func clean(root string, before time.Time) error {
	return filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // someone else removed it
		}
		if err != nil || e.IsDir() || !unfinished(filepath.ToSlash(path)) {
			return err
		}
		info, err := e.Info()
		if err == nil && info.ModTime().Before(before) {
			err = os.Remove(path)
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	})
}

// s3Parameters are the parameters of an s3:// URL, and what the library calls them.
var s3Parameters = [...][2]string{
	{"endpoint", "endpoint"},
	{"region", "region"},
	{"path_style", "use_path_style"},
	{"profile", "profile"},
	{"encryption", "ssetype"},
	{"kms_key", "kmskeyid"},
	{"request_checksums", "request_checksum_calculation"},
	{"response_checksums", "response_checksum_validation"},
}

func openS3(ctx context.Context, u *url.URL) (*Bucket, error) {
	given := u.Query()
	params := url.Values{}
	var names []string
	for _, p := range s3Parameters {
		names = append(names, p[0])
		if v := given.Get(p[0]); v != "" {
			params.Set(p[1], v)
		}
	}
	for name := range given {
		if !slices.Contains(names, name) {
			err := fault.New(fault.Invalid, "open bucket: parameter %q is not known", name)
			if near := fault.Near(name, names); near != "" {
				return nil, err.WithHint("did you mean %q?", near)
			}
			return nil, err.WithHint("it knows: %s", strings.Join(names, ", "))
		}
	}
	if err := checkEndpoint(given.Get("endpoint")); err != nil {
		return nil, err
	}
	if u.Host == "" {
		return nil, fault.New(fault.Invalid, "open bucket %s: it names no bucket", u).WithHint("%s", urlHint)
	}
	in, err := new(s3blob.URLOpener).OpenBucketURL(ctx, &url.URL{Scheme: "s3", Host: u.Host, RawQuery: params.Encode()})
	if err != nil {
		return nil, fault.New(fault.Invalid, "open bucket %s: %w", u, err)
	}
	if prefix := strings.Trim(u.Path, "/"); prefix != "" {
		if err := checkKey(prefix); err != nil {
			return nil, err
		}
		in = blob.PrefixedBucket(in, prefix+"/")
	}
	return &Bucket{in: in}, nil
}

func checkEndpoint(endpoint string) error {
	if endpoint == "" {
		return nil
	}
	e, err := url.Parse(endpoint)
	switch {
	case err != nil || e.Scheme != "http" && e.Scheme != "https" || e.Host == "":
		return fault.New(fault.Invalid, "open bucket: its endpoint is no URL").WithHint("write endpoint=http://host:port")
	case e.User != nil:
		return fault.New(fault.Invalid, "open bucket: its endpoint has credentials").
			WithHint("take them out and set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
	}
	return nil
}
