package server

import (
	"context"
	"errors"
	"io"
	"log/slog"

	"github.com/inferd/inferd/internal/status"
	"github.com/inferd/inferd/internal/transport"
)

// serveAdmin sends one client the present state and then every event, until
// the client is gone, lags too far behind, or the hub is closed.
func (s *Server) serveAdmin(ctx context.Context, conn *transport.Conn) {
	log := s.cfg.Log.With(slog.Uint64("uid", uint64(conn.Peer().UID)))
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	unwatch := s.cfg.Watcher.Watch(conn, func() { cancel(errClientGone) })
	defer unwatch()

	// What the client writes is dropped: unread, it would be a reason for the
	// kernel to reset the connection. The end of its writing is not its end.
	read := make(chan struct{})
	go func() {
		defer close(read)
		_, _ = io.Copy(io.Discard, conn)
	}()
	err := s.stream(ctx, conn)
	conn.Close()
	<-read
	if errors.Is(err, status.ErrSlow) || errors.Is(err, errStalled) {
		log.Warn("admin client cut off", slog.Any("reason", err))
		return
	}
	log.Debug("admin client ended", slog.Any("reason", err))
}

// stream writes events as they come; it always ends with an error.
func (s *Server) stream(ctx context.Context, conn *transport.Conn) error {
	events := s.cfg.Hub.Subscribe()
	defer events.Close()
	out := &deadlineConn{Conn: conn, timeout: s.cfg.SubscriberTimeout}
	for {
		frames, err := events.Next(ctx)
		if err != nil {
			return err
		}
		if err := out.writeAll(frames); err != nil {
			return err
		}
	}
}
