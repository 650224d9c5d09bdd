package main

import "context"

// row is one row of the project's table of targets.
type row struct {
	id   string
	what string
	run  func(ctx context.Context, l *lab) ([]Result, error)
}

// rows are those that can be measured, in order.
var rows = []row{
	{"S1", "decode, one client, whole stack against the bare engine", decodeAlone},
	{"S2", "decode, 16 clients together against 1", decodeTogether},
	{"S3", "prefill, whole stack against the bare engine", prefill},
	{"S4", "from the engine's event to bytes that the client can read", hop},
	{"S5", "first token with 1,500 tokens of prompt already seen, against cold", warmPrefix},
	{"S6", "the same with 12 apps of different prefixes on 4 slots, in random order", manyPrefixes},
	{"S7", "gap between tokens while another client's 4,000-token prompt is read, p99, against alone", stall},
	{"S8", "from cancel to a free slot", cancels},
	{"S9", "from the start of `inferd serve` to ready, built-in model, files warm", starts},
	{"S10", "frames a second through v1 with the mock backend, 64 clients", frames},
	{"S11", "memory of an idle daemon, and of each of 10,000 idle connections", memory},
	{"S12", "import, verify and pull of a 2 GiB file, against sha256sum and curl", files},
	{"S13", "cost of an idle daemon", idle},
	{"S14", "16 clients, 48 tokens each, against llama.cpp's own HTTP server", beside},
}
