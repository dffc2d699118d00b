package site

import (
	"crypto/sha256"
	"fmt"
	"path"
	"strings"
)

// types is fixed, where package mime would read the system's tables: the same
// directory must look the same everywhere.
var types = map[string]string{
	".css":   "text/css; charset=utf-8",
	".gif":   "image/gif",
	".gz":    "application/gzip",
	".htm":   "text/html; charset=utf-8",
	".html":  "text/html; charset=utf-8",
	".ico":   "image/vnd.microsoft.icon",
	".jpeg":  "image/jpeg",
	".jpg":   "image/jpeg",
	".js":    "text/javascript; charset=utf-8",
	".json":  "application/json",
	".pdf":   "application/pdf",
	".png":   "image/png",
	".svg":   "image/svg+xml",
	".txt":   "text/plain; charset=utf-8",
	".webp":  "image/webp",
	".woff":  "font/woff",
	".woff2": "font/woff2",
	".xml":   "application/xml",
	".zip":   "application/zip",
}

// contentType returns the type for a name, application/octet-stream if the
// extension is not known.
func contentType(name string) string {
	if t, ok := types[strings.ToLower(path.Ext(name))]; ok {
		return t
	}
	return "application/octet-stream"
}

// isHTML reports whether contentType calls the name HTML.
func isHTML(name string) bool {
	return strings.HasPrefix(contentType(name), "text/html")
}

// bodyTag returns an ETag that depends on the body only.
func bodyTag(body []byte) string {
	sum := sha256.Sum256(body)
	return fmt.Sprintf(`"%x"`, sum[:8])
}
