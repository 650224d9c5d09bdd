package local

import (
	"testing"

	"github.com/inferd/inferd/internal/backend"
	"github.com/inferd/inferd/internal/backend/backendtest"
	"github.com/inferd/inferd/wire"
)

func TestBackend_Conforms(t *testing.T) {
	b := start(t, func(c *Config) { c.Options.Slots, c.Options.Embed = 8, &Reading{} })
	backendtest.Run(t, func(*testing.T) backendtest.Subject {
		long := ask("Go on.")
		// A rule without an end: the answer is as long as the context.
		long.Params.Grammar = `root ::= [a-z]{1} root2
root2 ::= [a-z ] root2`
		long.Params.MaxTokens = 10_000
		bad := ask("Hi")
		bad.Messages = []wire.Message{{Role: wire.RoleUser, Content: string(make([]byte, 5000))}}
		return backendtest.Subject{
			Backend:    backend.Backend(b.Backend),
			Request:    ask("Count from 1 to 10."),
			Long:       long,
			Invalid:    bad,
			Typed:      chat(&backend.Chat{Messages: says("What is the weather in Rome and Oslo?"), Tools: weather}),
			Repeatable: true,
		}
	})
}
