package site

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path"
	"strings"
	"syscall"
	"time"
)

// A dir answers requests from a directory. It opens files through os.Root, so
// nothing outside the directory can be reached, by .. or by a symbolic link.
type dir struct {
	root    *os.Root
	robots  []byte
	sitemap []byte // nil means there is none
}

func openDir(s Site, origin string) (*dir, error) {
	root, err := os.OpenRoot(s.Dir)
	if err != nil {
		return nil, fmt.Errorf("open the directory: %w", err)
	}
	d := &dir{root: root, robots: robotsText(s, origin)}
	if s.Sitemap {
		if d.sitemap, err = sitemapXML(root.FS(), origin); err != nil {
			return nil, errors.Join(err, root.Close())
		}
	}
	return d, nil
}

// Close gives the directory back; requests after it fail.
func (d *dir) Close() error {
	return d.root.Close()
}

// ServeHTTP answers GET and HEAD for robots.txt, the sitemap and the files.
func (d *dir) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "405 method not allowed", http.StatusMethodNotAllowed)
		return
	}
	switch {
	case r.URL.Path == robotsPath:
		serveBytes(w, r, "text/plain; charset=utf-8", d.robots)
	case r.URL.Path == sitemapPath && d.sitemap != nil:
		serveBytes(w, r, "application/xml", d.sitemap)
	default:
		d.serveName(w, r)
	}
}

// serveName follows http.FileServer's rules for slashes and index.html.
func (d *dir) serveName(w http.ResponseWriter, r *http.Request) {
	p := r.URL.Path
	if strings.HasSuffix(p, "/index.html") {
		redirect(w, r, "./")
		return
	}
	name := fileName(p)
	info, err := d.stat(name)
	if err != nil {
		refuse(w, err)
		return
	}
	slash := strings.HasSuffix(p, "/")
	switch {
	case info.IsDir() && !slash:
		redirect(w, r, "./"+lastSegment(r)+"/")
	case info.IsDir():
		d.serveFile(w, r, path.Join(name, "index.html"))
	case slash:
		redirect(w, r, "../"+lastSegment(r))
	default:
		d.serveFile(w, r, name)
	}
}

// fileName turns a request's path into a name for os.Root.
func fileName(p string) string {
	name := strings.TrimPrefix(path.Clean("/"+p), "/")
	if name == "" {
		return "."
	}
	return name
}

// stat refuses what is neither a file nor a directory that has an index.html:
// opening a named pipe, for one, would block.
func (d *dir) stat(name string) (fs.FileInfo, error) {
	info, err := d.root.Stat(name)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		if index, err := d.root.Stat(path.Join(name, "index.html")); err != nil || !index.Mode().IsRegular() {
			return nil, fs.ErrNotExist
		}
		return info, nil
	}
	if !info.Mode().IsRegular() {
		return nil, fs.ErrNotExist
	}
	return info, nil
}

func (d *dir) serveFile(w http.ResponseWriter, r *http.Request, name string) {
	f, err := d.root.Open(name)
	if err != nil {
		refuse(w, err)
		return
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		refuse(w, err)
		return
	}
	w.Header().Set("Content-Type", contentType(name))
	w.Header().Set("ETag", fmt.Sprintf(`"%x-%x"`, info.Size(), info.ModTime().UnixNano()))
	http.ServeContent(w, r, name, info.ModTime(), f)
}

// refuse answers 404 for every name that cannot be opened, so that the answer
// is the same on every system. Only a server out of descriptors says so: a 404
// would tell the crawler that the page does not exist.
func refuse(w http.ResponseWriter, err error) {
	if errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) {
		w.Header().Set("Retry-After", "1")
		http.Error(w, "503 too many open files", http.StatusServiceUnavailable)
		return
	}
	http.Error(w, "404 page not found", http.StatusNotFound)
}

// lastSegment returns the end of the request's path in the spelling of the
// request: another one would be another URL for the same page.
func lastSegment(r *http.Request) string {
	return path.Base(r.URL.EscapedPath())
}

// redirect answers with an escaped relative target and keeps the query, as
// http.FileServer does.
func redirect(w http.ResponseWriter, r *http.Request, target string) {
	if r.URL.RawQuery != "" {
		target += "?" + r.URL.RawQuery
	}
	w.Header().Set("Location", target)
	w.WriteHeader(http.StatusMovedPermanently)
}

// serveBytes answers with a generated body. Its ETag depends on the body only,
// so it outlives the server.
func serveBytes(w http.ResponseWriter, r *http.Request, mime string, body []byte) {
	w.Header().Set("Content-Type", mime)
	w.Header().Set("ETag", bodyTag(body))
	http.ServeContent(w, r, "", time.Time{}, strings.NewReader(string(body)))
}
