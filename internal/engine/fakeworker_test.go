package engine

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/inferd/inferd/internal/engine/proto"
	"github.com/inferd/inferd/wire"
)

// The flood script sends this many pieces of this size, looking for a pause
// after every so many.
const (
	floodPieces = 400
	floodSize   = 4 << 10
	floodAhead  = 4
)

// actAsWorker is a worker that keeps to a script.
func actAsWorker(script string) error {
	conn, err := OpenLink()
	if err != nil {
		return err
	}
	in := proto.NewReader(conn, proto.MaxToWorker)
	say := func(k proto.Kind, msg any) error {
		b, err := proto.AppendJSON(nil, k, msg)
		if err == nil {
			_, err = conn.Write(b)
		}
		return err
	}
	switch script {
	case "exit at once":
		fmt.Fprintln(os.Stderr, "no luck today")
		os.Exit(3)
	case "garbage at once":
		_, _ = conn.Write(bytes.Repeat([]byte{0x7f}, 100))
		return nil
	}
	hello := proto.Hello{Version: proto.Version}
	if script == "other version" {
		hello.Version = 99
	}
	if err := say(proto.KindHello, hello); err != nil {
		return err
	}
	k, payload, err := in.Next()
	if err != nil || k != proto.KindLoad {
		return fmt.Errorf("expected a load, got %d, %w", k, err)
	}
	ready := proto.Ready{Generates: true}
	if script == "read files" {
		var m proto.Load
		if err := json.Unmarshal(payload, &m); err != nil {
			return err
		}
		ready.Model = readFiles(m)
	}
	if script == "fails to load" {
		return say(proto.KindFailed, proto.Failed{Kind: proto.FailModel, Message: "no such model"})
	}
	if err := say(proto.KindReady, ready); err != nil {
		return err
	}
	for {
		k, _, err := in.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if k == proto.KindEmbed {
			if err := serveTexts(script, conn, in, say); err != nil {
				return err
			}
		}
		if k != proto.KindGenerate {
			continue
		}
		if err := serveScript(script, conn, in, say); err != nil {
			return err
		}
	}
}

func text(s string) []byte {
	return proto.Finish(proto.AppendText(proto.Begin(nil, proto.KindStep), proto.EventText, 1, 1, s), 0)
}

// serveScript answers request 1 as the script says.
func serveScript(script string, conn io.Writer, in *proto.Reader, say func(proto.Kind, any) error) error {
	switch script {
	case "exit in a request":
		_, _ = conn.Write(text("Hello"))
		fmt.Fprintln(os.Stderr, "the engine broke")
		os.Exit(7)
	case "garbage in a request":
		_, err := conn.Write([]byte{2, 0, 0, 0, 9, 9})
		return err
	case "huge frame":
		_, err := conn.Write([]byte{0, 0, 0, 0x7f, byte(proto.KindStep)})
		return err
	case "text that is no text":
		_, err := conn.Write(text("\xff\xfe"))
		return err
	case "until cancelled":
		if _, err := conn.Write(text("Hello")); err != nil {
			return err
		}
		k, p, err := in.Next()
		if err != nil || k != proto.KindCancel {
			return fmt.Errorf("expected a cancel, got %d %v, %w", k, p, err)
		}
		return say(proto.KindEnd, proto.End{Request: 1, Stop: wire.StopCancelled})
	case "takes all memory":
		hog()
	case "flood":
		return flood(conn, in, say)
	}
	return fmt.Errorf("no such script: %s", script)
}

// flood sends until it is paused, and goes on when it is resumed.
func flood(conn io.Writer, in *proto.Reader, say func(proto.Kind, any) error) error {
	notes := make(chan proto.Kind, 1000)
	go func() {
		for {
			k, _, err := in.Next()
			if err != nil {
				os.Exit(0) // the link is gone
			}
			notes <- k
		}
	}()
	piece := text(string(bytes.Repeat([]byte{'x'}, floodSize)))
	sent := 0
	for sent < floodPieces {
		for range floodAhead {
			if _, err := conn.Write(piece); err != nil {
				return err
			}
			sent++
		}
		// The daemon pauses whoever is ahead by more than its bound.
		if (sent/floodAhead)%(pauseAbove/(floodSize*floodAhead)+1) != 0 {
			continue
		}
		select {
		case k := <-notes:
			for k == proto.KindPause {
				k = <-notes
			}
		default:
		}
	}
	return say(proto.KindEnd, proto.End{Request: 1, Stop: wire.StopEnd})
}
