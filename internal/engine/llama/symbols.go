package llama

import "github.com/ebitengine/purego"

// symbols are the C functions, typed. A name that is missing from a library
// is an error at Open, never a crash at the first call.
type symbols struct {
	loadBackends   func(dir string)
	setAbort       func(cb uintptr) uintptr
	devCount       func() uint64
	devGet         func(uint64) uintptr
	devName        func(uintptr) string
	devDescription func(uintptr) string
	devType        func(uintptr) int32
	devMemory      func(dev uintptr, free, total *uint64)
	devReg         func(uintptr) uintptr
	regAddress     func(reg uintptr, name string) uintptr

	version      func() string
	systemInfo   func() string
	backendInit  func()
	logSet       func(cb, data uintptr)
	modelDefault func() modelParams
	ctxDefault   func() contextParams

	modelLoad      func(path string, p modelParams) uintptr
	modelLoadFile  func(file uintptr, p modelParams) uintptr
	modelSplits    func(paths **byte, n uint64, p modelParams) uintptr
	modelFree      func(uintptr)
	modelVocab     func(uintptr) uintptr
	modelNParams   func(uintptr) uint64
	modelSize      func(uintptr) uint64
	modelNCtxTrain func(uintptr) int32
	modelNLayer    func(uintptr) int32
	modelNSWA      func(uintptr) int32
	modelRecurrent func(uintptr) bool
	modelHybrid    func(uintptr) bool
	modelEncoder   func(uintptr) bool
	modelDecoder   func(uintptr) bool
	modelTemplate  func(model, name uintptr) uintptr
	modelMeta      func(model uintptr, key string, buf *byte, n uint64) int32
	modelDesc      func(model uintptr, buf *byte, n uint64) int32

	loraInit func(model uintptr, path string) uintptr
	loraFree func(uintptr)
	loraSet  func(ctx uintptr, adapters *uintptr, n uint64, scales *float32) int32

	newContext    func(model uintptr, p contextParams) uintptr
	freeContext   func(uintptr)
	nCtx          func(uintptr) uint32
	memory        func(uintptr) uintptr
	decode        func(ctx uintptr, b cBatch) int32
	synchronize   func(uintptr)
	setThreads    func(ctx uintptr, n, batch int32)
	attachThreads func(ctx, set, batch uintptr)
	detachThreads func(ctx uintptr)
	batchInit     func(n, embd, seqs int32) cBatch
	batchFree     func(cBatch)

	memClear func(mem uintptr, data bool)
	seqRm    func(mem uintptr, seq, p0, p1 int32) bool
	seqCp    func(mem uintptr, src, dst, p0, p1 int32)
	seqMax   func(mem uintptr, seq int32) int32
	seqSize  func(ctx uintptr, seq int32) uint64
	seqGet   func(ctx uintptr, buf *byte, n uint64, seq int32) uint64
	seqSet   func(ctx uintptr, buf *byte, n uint64, seq int32) uint64

	vocabSize func(uintptr) int32
	bos       func(uintptr) int32
	addBOS    func(uintptr) bool
	isEOG     func(uintptr, int32) bool
	isControl func(uintptr, int32) bool
	tokenize  func(v uintptr, text *byte, n int32, out *int32, max int32, addSpecial, parseSpecial bool) int32
	piece     func(v uintptr, tok int32, buf *byte, n, lstrip int32, special bool) int32

	chainInit   func(chainParams) uintptr
	chainAdd    func(chain, s uintptr)
	samplerFree func(uintptr)
	topK        func(int32) uintptr
	topP        func(p float32, keep uint64) uintptr
	minP        func(p float32, keep uint64) uintptr
	temp        func(float32) uintptr
	penalties   func(nVocab, lastN int32, repeat, freq, present float32) uintptr
	grammar     func(v uintptr, gbnf, root string) uintptr

	hot    hotSymbols
	pool   poolSymbols
	encode encodeSymbols
}

// hotSymbols are the addresses of what is called for every token.
type hotSymbols struct{ accept, apply, logits uintptr }

// handles are the three libraries, in the order in which they are opened.
type handles struct{ base, ggml, llama uintptr }

// bind fills s from the libraries. purego panics on a missing symbol; the
// caller turns that into an error.
func (s *symbols) bind(h handles) {
	for _, e := range []struct {
		fn   any
		lib  uintptr
		name string
	}{
		{&s.loadBackends, h.ggml, "ggml_backend_load_all_from_path"},
		{&s.setAbort, h.base, "ggml_set_abort_callback"},
		{&s.devCount, h.ggml, "ggml_backend_dev_count"},
		{&s.devGet, h.ggml, "ggml_backend_dev_get"},
		{&s.devName, h.base, "ggml_backend_dev_name"},
		{&s.devDescription, h.base, "ggml_backend_dev_description"},
		{&s.devType, h.base, "ggml_backend_dev_type"},
		{&s.devMemory, h.base, "ggml_backend_dev_memory"},
		{&s.devReg, h.base, "ggml_backend_dev_backend_reg"},
		{&s.regAddress, h.base, "ggml_backend_reg_get_proc_address"},
		{&s.version, h.llama, "llama_version"},
		{&s.systemInfo, h.llama, "llama_print_system_info"},
		{&s.backendInit, h.llama, "llama_backend_init"},
		{&s.logSet, h.llama, "llama_log_set"},
		{&s.modelDefault, h.llama, "llama_model_default_params"},
		{&s.ctxDefault, h.llama, "llama_context_default_params"},
		{&s.modelLoad, h.llama, "llama_model_load_from_file"},
		{&s.modelLoadFile, h.llama, "llama_model_load_from_file_ptr"},
		{&s.modelSplits, h.llama, "llama_model_load_from_splits"},
		{&s.modelFree, h.llama, "llama_model_free"},
		{&s.modelVocab, h.llama, "llama_model_get_vocab"},
		{&s.modelNParams, h.llama, "llama_model_n_params"},
		{&s.modelSize, h.llama, "llama_model_size"},
		{&s.modelNCtxTrain, h.llama, "llama_model_n_ctx_train"},
		{&s.modelNLayer, h.llama, "llama_model_n_layer"},
		{&s.modelNSWA, h.llama, "llama_model_n_swa"},
		{&s.modelRecurrent, h.llama, "llama_model_is_recurrent"},
		{&s.modelHybrid, h.llama, "llama_model_is_hybrid"},
		{&s.modelEncoder, h.llama, "llama_model_has_encoder"},
		{&s.modelDecoder, h.llama, "llama_model_has_decoder"},
		{&s.modelTemplate, h.llama, "llama_model_chat_template"},
		{&s.modelMeta, h.llama, "llama_model_meta_val_str"},
		{&s.modelDesc, h.llama, "llama_model_desc"},
		{&s.loraInit, h.llama, "llama_adapter_lora_init"},
		{&s.loraFree, h.llama, "llama_adapter_lora_free"},
		{&s.loraSet, h.llama, "llama_set_adapters_lora"},
		{&s.newContext, h.llama, "llama_init_from_model"},
		{&s.freeContext, h.llama, "llama_free"},
		{&s.nCtx, h.llama, "llama_n_ctx"},
		{&s.memory, h.llama, "llama_get_memory"},
		{&s.decode, h.llama, "llama_decode"},
		{&s.synchronize, h.llama, "llama_synchronize"},
		{&s.setThreads, h.llama, "llama_set_n_threads"},
		{&s.attachThreads, h.llama, "llama_attach_threadpool"},
		{&s.detachThreads, h.llama, "llama_detach_threadpool"},
		{&s.batchInit, h.llama, "llama_batch_init"},
		{&s.batchFree, h.llama, "llama_batch_free"},
		{&s.memClear, h.llama, "llama_memory_clear"},
		{&s.seqRm, h.llama, "llama_memory_seq_rm"},
		{&s.seqCp, h.llama, "llama_memory_seq_cp"},
		{&s.seqMax, h.llama, "llama_memory_seq_pos_max"},
		{&s.seqSize, h.llama, "llama_state_seq_get_size"},
		{&s.seqGet, h.llama, "llama_state_seq_get_data"},
		{&s.seqSet, h.llama, "llama_state_seq_set_data"},
		{&s.vocabSize, h.llama, "llama_vocab_n_tokens"},
		{&s.bos, h.llama, "llama_vocab_bos"},
		{&s.addBOS, h.llama, "llama_vocab_get_add_bos"},
		{&s.isEOG, h.llama, "llama_vocab_is_eog"},
		{&s.isControl, h.llama, "llama_vocab_is_control"},
		{&s.tokenize, h.llama, "llama_tokenize"},
		{&s.piece, h.llama, "llama_token_to_piece"},
		{&s.chainInit, h.llama, "llama_sampler_chain_init"},
		{&s.chainAdd, h.llama, "llama_sampler_chain_add"},
		{&s.samplerFree, h.llama, "llama_sampler_free"},
		{&s.topK, h.llama, "llama_sampler_init_top_k"},
		{&s.topP, h.llama, "llama_sampler_init_top_p"},
		{&s.minP, h.llama, "llama_sampler_init_min_p"},
		{&s.temp, h.llama, "llama_sampler_init_temp"},
		{&s.penalties, h.llama, "llama_sampler_init_penalties"},
		{&s.grammar, h.llama, "llama_sampler_init_grammar"},
	} {
		purego.RegisterLibFunc(e.fn, e.lib, e.name)
	}
	s.bindHot(h)
	s.encode.bind(h)
}

// bindHot finds the addresses of what is called without the typed wrapper.
func (s *symbols) bindHot(h handles) {
	for name, p := range map[string]*uintptr{
		"llama_sampler_accept": &s.hot.accept,
		"llama_sampler_apply":  &s.hot.apply,
		"llama_get_logits_ith": &s.hot.logits,
	} {
		addr, err := symbol(h.llama, name)
		if err != nil {
			panic(err)
		}
		*p = addr
	}
}
