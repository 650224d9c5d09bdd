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

// session serves one connection of a request surface: one request after the
// other. While one runs nobody reads the socket, so what the client has sent
// ahead stays in the kernel's buffer and holds the client back.
type session struct {
	server *Server
	conn   *transport.Conn
	out    *deadlineConn
	// next reads the next request. Its errors are those of wire's readers and
	// decoders.
	next   func() (job, time.Time, error)
	framed bool // frames go out with a length
	caller queue.Caller
	log    *slog.Logger
}

// serveRequests serves a connection whose requests come from the reader that
// open makes.
func (s *Server) serveRequests(ctx context.Context, conn *transport.Conn, framed bool, open func(io.Reader) func() (job, time.Time, error)) {
	defer s.activity.connected()()
	peer := conn.Peer()
	v := &session{
		server: s,
		conn:   conn,
		out:    &deadlineConn{Conn: conn, timeout: s.cfg.WriteTimeout},
		next:   open(conn),
		framed: framed,
		caller: queue.Caller{UID: peer.UID, App: peer.Exe, PID: peer.PID},
		log:    s.cfg.Log,
	}
	for !s.sessions.isClosing() {
		j, received, err := v.next()
		if err != nil {
			v.unreadable(err, received)
			return
		}
		if !v.request(ctx, j, received) {
			return
		}
	}
}

// lines opens an NDJSON stream of the requests that decode reads.
func lines(decode func(frame []byte) (job, error)) func(io.Reader) func() (job, time.Time, error) {
	return func(conn io.Reader) func() (job, time.Time, error) {
		frames := wire.NewReader(conn)
		return func() (job, time.Time, error) {
			frame, err := frames.Next()
			received := time.Now()
			if err != nil {
				return nil, received, err
			}
			j, err := decode(frame)
			return j, received, err
		}
	}
}

// unreadable ends a session whose next request could not be read.
func (v *session) unreadable(err error, received time.Time) {
	_, malformed := errors.AsType[*wire.MalformedError](err)
	_, broken := errors.AsType[*wire.StreamError](err)
	switch {
	case errors.Is(err, wire.ErrFrameTooLarge):
		v.log.Warn("request_oversized", v.peerAttrs()...)
		v.refuse(err, received)
	case malformed, broken:
		v.refuse(err, received)
	case errors.Is(err, io.EOF), errors.Is(err, os.ErrDeadlineExceeded):
		// A clean close, of the client or of the server.
	default:
		v.log.Debug("read request", append(v.peerAttrs(), slog.Any("error", err))...)
	}
}

// request serves one request and reports whether the connection goes on.
func (v *session) request(ctx context.Context, j job, received time.Time) (keep bool) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	unwatch := v.server.cfg.Watcher.Watch(v.conn, func() { cancel(errClientGone) })
	defer unwatch()

	x := &exchange{
		session: v, job: j, received: received,
		number: v.server.last.Add(1),
		box:    openOutbox(v.out, func(err error) { cancel(writeCause(err)) }),
	}
	last, err := x.run(ctx)
	// Before the last frame is out: a client that has it may leave at once,
	// and that is no longer the request's affair.
	cause := context.Cause(ctx)
	var frame appender
	if last != nil {
		frame = v.framing(last)
	}
	sent := x.box.finish(frame)
	x.finished()
	x.logOutcome(cause, last, err, sent)
	return sent == nil && !errors.Is(err, errPanic) && !errors.Is(context.Cause(ctx), errClientGone)
}

// framing is f as it is written on this connection.
func (v *session) framing(f appender) appender {
	if v.framed {
		return withLength{f}
	}
	return f
}

// withLength is a frame of the framed surface.
type withLength struct{ message appender }

// Append implements appender.
func (f withLength) Append(dst []byte) []byte { return wire.AppendFramed(dst, f.message) }

// writeCause tells a client that does not read from one that is gone.
func writeCause(err error) error {
	if errors.Is(err, errStalled) {
		return errStalled
	}
	return errClientGone
}

// refuse answers what is no request, and says goodbye. The answer has an id
// only where the request's is known.
func (v *session) refuse(err error, received time.Time) {
	number := v.server.last.Add(1)
	code, message := codeOf(err)
	v.log.Info("request", append(v.peerAttrs(),
		slog.Uint64("request", number),
		slog.String("outcome", "refused"),
		slog.String("code", string(code)),
		slog.String("reason", reasonOf(err)),
		millis("total_ms", time.Since(received)),
	)...)
	answer := &wire.V1Error{Code: code, Message: message}
	if e, ok := errors.AsType[*wire.StreamError](err); ok {
		answer.ID = e.ID
	}
	if v.out.writeAll(v.framing(answer).Append(nil)) == nil {
		v.server.linger(v.conn)
	}
}

func (v *session) peerAttrs() []any {
	return []any{
		slog.Uint64("uid", uint64(v.caller.UID)),
		slog.String("app", filepath.Base(v.caller.App)),
	}
}
