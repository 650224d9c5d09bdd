package server

import (
	"context"
	"errors"
	"log/slog"

	"github.com/inferd/inferd/internal/transport"
	"github.com/inferd/inferd/wire"
)

// maxControlFrame bounds a command; the longest has a few dozen bytes.
const maxControlFrame = 64 << 10

// serveControl serves one operator's connection, command by command.
func (s *Server) serveControl(ctx context.Context, conn *transport.Conn) {
	frames := wire.NewReaderSize(conn, maxControlFrame)
	out := &deadlineConn{Conn: conn, timeout: s.cfg.WriteTimeout}
	log := s.cfg.Log.With(slog.Uint64("uid", uint64(conn.Peer().UID)))
	for !s.sessions.isClosing() {
		frame, err := frames.Next()
		if errors.Is(err, wire.ErrFrameTooLarge) {
			s.refuseControl(out, conn, err)
			return
		}
		if err != nil {
			return
		}
		request, err := wire.DecodeControlRequest(frame)
		if _, malformed := errors.AsType[*wire.MalformedError](err); malformed {
			log.Info("control", slog.String("reason", reasonOf(err)))
			s.refuseControl(out, conn, err)
			return
		}
		log.Info("control", slog.String("cmd", request.Cmd))
		sent := out.writeAll(s.command(ctx, request, err).Append(nil))
		if err == nil && request.Cmd == wire.CmdDrain {
			s.cfg.Drain() // also where nobody waits for the reply any more
		}
		if sent != nil {
			return
		}
	}
}

// command runs one command and returns its reply. Drain begins only after the
// reply is out.
func (s *Server) command(ctx context.Context, request wire.ControlRequest, err error) wire.ControlReply {
	if err != nil {
		return controlError(err)
	}
	switch request.Cmd {
	case wire.CmdStatus:
		status := s.cfg.Status()
		return wire.ControlReply{Status: &status, Final: true}
	case wire.CmdReload:
		reload := s.cfg.Reload(ctx)
		return wire.ControlReply{Reload: &reload, Final: true}
	case wire.CmdDrain:
		return wire.ControlReply{OK: true, Final: true}
	}
	return controlError(&wire.FieldError{Field: "cmd", Value: request.Cmd, Problem: "is not a command of this version"})
}

func (s *Server) refuseControl(out *deadlineConn, conn *transport.Conn, err error) {
	reply := controlError(err)
	if errors.Is(err, wire.ErrFrameTooLarge) {
		reply.Error.Message = "command too long: at most 65536 bytes are allowed"
	}
	if out.writeAll(reply.Append(nil)) == nil {
		s.linger(conn)
	}
}

func controlError(err error) wire.ControlReply {
	code, message := codeOf(err)
	return wire.ControlReply{Error: &wire.ControlError{Code: code, Message: message}, Final: true}
}
