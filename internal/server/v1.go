package server

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/inferd/inferd/internal/queue"
	"github.com/inferd/inferd/internal/transport"
	"github.com/inferd/inferd/wire"
)

// v1Session serves one connection of the text surface: one request after the
// other. While one runs nobody reads the socket, so what the client has sent
// ahead stays in the kernel's buffer and holds the client back.
type v1Session struct {
	server *Server
	conn   *transport.Conn
	out    *deadlineConn
	frames *wire.Reader
	caller queue.Caller
	log    *slog.Logger
}

func (s *Server) serveV1(ctx context.Context, conn *transport.Conn) {
	defer s.activity.connected()()
	peer := conn.Peer()
	v := &v1Session{
		server: s,
		conn:   conn,
		out:    &deadlineConn{Conn: conn, timeout: s.cfg.WriteTimeout},
		frames: wire.NewReader(conn),
		caller: queue.Caller{UID: peer.UID, App: peer.Exe, PID: peer.PID},
		log:    s.cfg.Log,
	}
	for !s.sessions.isClosing() {
		frame, err := v.frames.Next()
		if err != nil {
			v.unreadable(err)
			return
		}
		if !v.request(ctx, frame) {
			return
		}
	}
}

// unreadable ends a session whose next frame could not be read.
func (v *v1Session) unreadable(err error) {
	switch {
	case errors.Is(err, wire.ErrFrameTooLarge):
		v.log.Warn("request_oversized", v.peerAttrs()...)
		v.refuse(err, time.Now())
	case errors.Is(err, io.EOF), errors.Is(err, os.ErrDeadlineExceeded):
		// A clean close, of the client or of the server.
	default:
		v.log.Debug("read request", append(v.peerAttrs(), slog.Any("error", err))...)
	}
}

// request serves one frame and reports whether the connection goes on.
func (v *v1Session) request(ctx context.Context, frame []byte) (keep bool) {
	received := time.Now()
	message, err := wire.DecodeV1Request(frame)
	if err != nil {
		v.refuse(err, received)
		return false
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	unwatch := v.server.cfg.Watcher.Watch(v.conn, func() { cancel(errClientGone) })
	defer unwatch()

	r := &v1Request{
		v1Session: v, message: message, received: received,
		number: v.server.last.Add(1),
		box:    openOutbox(v.out, func(err error) { cancel(writeCause(err)) }),
	}
	r.token.ID = message.ID
	last, err := r.run(ctx)
	// Before the last frame is out: a client that has it may leave at once,
	// and that is no longer the request's affair.
	cause := context.Cause(ctx)
	sent := r.box.finish(last)
	r.finished()
	r.logOutcome(cause, last, err, sent)
	return sent == nil && !errors.Is(err, errPanic) && !errors.Is(context.Cause(ctx), errClientGone)
}

// writeCause tells a client that does not read from one that is gone.
func writeCause(err error) error {
	if errors.Is(err, errStalled) {
		return errStalled
	}
	return errClientGone
}

// refuse answers a frame that is no request, and says goodbye.
func (v *v1Session) refuse(err error, received time.Time) {
	number := v.server.last.Add(1)
	code, message := codeOf(err)
	v.log.Info("request", append(v.peerAttrs(),
		slog.Uint64("request", number),
		slog.String("outcome", "refused"),
		slog.String("code", string(code)),
		slog.String("reason", reasonOf(err)),
		millis("total_ms", time.Since(received)),
	)...)
	if v.out.writeAll((&wire.V1Error{Code: code, Message: message}).Append(nil)) == nil {
		v.server.linger(v.conn)
	}
}

func (v *v1Session) peerAttrs() []any {
	return []any{
		slog.Uint64("uid", uint64(v.caller.UID)),
		slog.String("app", filepath.Base(v.caller.App)),
	}
}
