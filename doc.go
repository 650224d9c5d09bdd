// Package inferd is the map of the repository; it holds no code.
//
// inferd keeps one language model warm, and every app on the machine uses it
// through a local socket. Three parts work together: an app, which links
// client or speaks the protocol itself; the daemon, which listens, queues and
// routes; and the engine worker, a process of its own that runs the model.
//
// What others may import:
//
//	client   ask the daemon from Go: dial, generate, watch
//	wire     the protocol's messages and rules, for both sides
//
// The programs:
//
//	cmd/inferd         the daemon and its command line
//	cmd/inferd-engine  the worker; the daemon starts it
//
// What they are made of, from the socket to the model:
//
//	internal/transport  sockets, who is calling, and when a caller is gone
//	internal/server     connections and requests
//	internal/queue      how many run, how many wait, whose turn it is
//	internal/router     which backend a request goes to
//	internal/backend    what a backend must do; local, mock
//	internal/engine     the worker as the daemon sees it, and what is inside it
//	internal/prompt     conversations as a model reads them
//	internal/status     the lifecycle, as admin clients see it
//	internal/config     the config file, the environment, the flags
//	internal/disk       the lock that keeps a second daemon out, and the files
//	                    that must survive a power cut
//	internal/store      models on disk, under their digest; fetch and adopt
//	                    bring them in
//	internal/gguf       model files, checked before native code sees them;
//	                    preflight remembers which were
//	internal/memplan    how much memory a model takes; memory says what there is
//	internal/weights    opens and verifies the files that a worker gets
//	internal/schema     whether the JSON Schemas of requests can be used
//	internal/daemon     puts all of it together, and takes it down again
//	internal/lineedit   a chat's line editor; chatfile keeps its conversations
//
// bench measures the whole against the bare engine, with the load that
// internal/loadgen makes. conformance checks any server of the protocol, by its
// sockets alone, with the rules of internal/conformance.
//
// Start reading at internal/daemon, then internal/server. docs/ARCHITECTURE.md
// follows a request through all of them; internal/arch_test.go says who may
// import whom.
package inferd
