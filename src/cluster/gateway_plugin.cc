#include "cluster/gateway_plugin.h"

#include <fmt/format.h>

namespace tinderbox::cluster {
namespace {

constexpr const char* kManifest = R"yaml(displayName: Pages
type: middleware
import: tinderbox.local/pages
summary: Leads links to other services' ports to their paths behind the gateway.
testData: {}
)yaml";

constexpr const char* kSource =
    R"go(// Package pages makes pages whose links name other services by host and port work behind one gateway.
package pages

import (
	"bytes"
	"context"
	"net/http"
	"regexp"
	"strconv"
	"strings"
)

// Config says which ports stand below which path, and below which the page itself does. Links to a port lead to its
// path; those of Hadoop's pages to their own roots stay below theirs. With Base only the base that a page names is
// changed, and nothing below /api and /ws.
type Config struct {
	Prefix string
	Paths  map[string]string
	Base   bool
}

// CreateConfig is what Traefik fills in.
func CreateConfig() *Config {
	return &Config{}
}

// Pages is the middleware.
type Pages struct {
	next    http.Handler
	config  *Config
	address *regexp.Regexp
	own     *regexp.Regexp
}

// New makes it.
func New(_ context.Context, next http.Handler, config *Config, _ string) (http.Handler, error) {
	// Hadoop names this host as it likes.
	address := regexp.MustCompile(`(?:https?:)?//[A-Za-z0-9_.-]+:([0-9]+)`)
	own := regexp.MustCompile(`(["'])(/(?:cluster|node|static|conf|logs|stacks|jmx|logLevel|ws)["'/?])`)
	return &Pages{next: next, config: config, address: address, own: own}, nil
}

func (p *Pages) rewrite(text string) string {
	if p.config.Base {
		return strings.Replace(text, `<base href="/"`, `<base href="`+p.config.Prefix+`/"`, 1)
	}
	return p.withoutAddress(p.own.ReplaceAllString(text, "${1}"+p.config.Prefix+"${2}"))
}

func (p *Pages) withoutAddress(text string) string {
	return p.address.ReplaceAllStringFunc(text, func(found string) string {
		port := found[strings.LastIndex(found, ":")+1:]
		if path, known := p.config.Paths[port]; known {
			return path
		}
		return found
	})
}

type answer struct {
	inner  http.ResponseWriter
	status int
	held   *bytes.Buffer
}

func (a *answer) Header() http.Header { return a.inner.Header() }

func (a *answer) WriteHeader(status int) {
	if a.status != 0 {
		return
	}
	a.status = status
	kind := a.Header().Get("Content-Type")
	if strings.HasPrefix(kind, "text/html") || strings.HasPrefix(kind, "application/json") {
		a.held = &bytes.Buffer{}
	} else if !(status >= 300 && status < 400) {
		a.inner.WriteHeader(status)
	}
}

func (a *answer) Write(data []byte) (int, error) {
	if a.status == 0 {
		a.WriteHeader(http.StatusOK)
	}
	if a.held != nil {
		return a.held.Write(data)
	}
	if a.status >= 300 && a.status < 400 {
		return len(data), nil
	}
	return a.inner.Write(data)
}

func (p *Pages) ServeHTTP(writer http.ResponseWriter, request *http.Request) {
	if p.config.Base && (strings.HasPrefix(request.URL.Path, "/api/") || strings.HasPrefix(request.URL.Path, "/ws/")) {
		p.next.ServeHTTP(writer, request)
		return
	}
	request.Header.Del("Accept-Encoding")
	a := &answer{inner: writer}
	p.next.ServeHTTP(a, request)
	if where := writer.Header().Get("Location"); where != "" {
		where = strings.TrimPrefix(p.withoutAddress(where), "http://"+request.Host)
		if strings.HasPrefix(where, "/") && !strings.HasPrefix(where, "//") && !p.known(where) {
			where = p.config.Prefix + where
		}
		writer.Header().Set("Location", where)
	}
	redirect := a.status >= 300 && a.status < 400
	if a.held == nil && !redirect {
		return
	}
	text := ""
	if a.held != nil {
		text = p.rewrite(a.held.String())
	}
	writer.Header().Set("Content-Length", strconv.Itoa(len(text)))
	writer.WriteHeader(a.status)
	_, _ = writer.Write([]byte(text))
}

func (p *Pages) known(path string) bool {
	for _, prefix := range p.config.Paths {
		if prefix != "" && strings.HasPrefix(path, prefix+"/") {
			return true
		}
	}
	return strings.HasPrefix(path, "/proxy/") || strings.HasPrefix(path, "/history/")
}
)go";

}  // namespace

std::map<std::string, std::string> PagesPluginFiles(const std::string& folder) {
  const std::string place = fmt::format("{}/plugins-local/src/{}", folder, kPagesModule);
  return {{place + "/.traefik.yml", kManifest}, {place + "/pages.go", kSource}};
}

}  // namespace tinderbox::cluster
