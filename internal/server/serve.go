package server

import (
	"context"
	"log/slog"
	"runtime/debug"

	"github.com/inferd/inferd/internal/transport"
)

// Serve accepts connections on ln and starts a session for each, until ln is
// closed; then it returns, while its sessions go on. ctx is the base of all
// their requests: when it ends, they are cancelled.
func (s *Server) Serve(ctx context.Context, ln *transport.Listener) {
	surface := ln.Endpoint().Surface
	ln.OnTrouble = func(err error) {
		s.cfg.Log.Warn("accept", slog.Any("error", err))
	}
	for {
		conn, err := ln.Accept()
		if err != nil {
			return // it is closed; whatever passes, Accept has waited out
		}
		s.start(ctx, surface, conn)
	}
}

// start begins the session of a connection. A bug in one ends that session and
// no other.
func (s *Server) start(ctx context.Context, surface transport.Surface, conn *transport.Conn) {
	serve := map[transport.Surface]func(context.Context, *transport.Conn){
		transport.V1:      s.serveV1,
		transport.V2:      s.serveV2,
		transport.Framed:  s.serveFramed,
		transport.Embed:   s.serveEmbed,
		transport.Rerank:  s.serveRerank,
		transport.Admin:   s.serveAdmin,
		transport.Control: s.serveControl,
	}[surface]
	s.sessions.start(conn, func() {
		defer func() {
			if p := recover(); p != nil {
				s.cfg.Log.Error("panic in session", slog.String("surface", surface.String()),
					slog.Any("panic", p), slog.String("stack", string(debug.Stack())))
			}
		}()
		serve(ctx, conn)
	})
}
