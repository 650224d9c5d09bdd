package gguf

import (
	"maps"
	"strings"
)

// maxLayers is how many layers the engine has room for; it aborts on more.
const maxLayers = 512

// cacheKind is what an architecture keeps of the tokens it has read.
type cacheKind uint8

const (
	unknownCache cacheKind = iota
	noCache                // an encoder reads a text in one go
	keysValues             // keys and values of every token, in attention layers
	stateOnly              // a state of fixed size, in every layer
	someStates             // one or the other, layer by layer
	bothInAll              // both in every layer
)

// layout says how the engine keeps a model's context, where that follows from
// the architecture and not from the file. It was read off the release that is
// in use, architecture by architecture: one that is missing here has something
// of its own, or was not there yet.
type layout struct {
	cache cacheKind

	// Layers with a sliding window: all but each period-th, or, with
	// fullFirst, all but those that start a period. With a period of 0 the file
	// has to list them.
	windowed  bool
	period    int
	fullFirst bool
	window    int // where the file gives none; 0: then there are no such layers
	fixed     int // whatever the file says
	onlyAt    int // only if the model has so many layers

	// Layers with a state, where only some have one: see recurrentLayers.
	states   stateRule
	interval int

	kvLayers int  // only so many layers at the start have keys and values
	sharedKV bool // the file says how many at the end have none
	latent   bool // keys and values can be one compressed vector

	even     bool // keys are as long as values
	rotating bool // and rotated in their whole length
}

// stateRule says which layers have a state.
type stateRule uint8

const (
	headless     stateRule = iota // layers without heads for keys and values
	headlessOnly                  // of these, those without a feed-forward part
	intervals                     // all but each interval-th
)

// Architectures with keys and values in every layer, and nothing else to say
// about the cache. In the first list the engine insists on keys and values of
// the same length and on rotating them whole; in the second on the former.
const (
	rotating = `
		llama llama-embed apertus arcee arctic baichuan chameleon codeshell cogvlm dbrx deci deepseek dots1
		ernie4_5 ernie4_5-moe exaone falcon granite granitemoe grok grovemoe hunyuan-moe hunyuan-dense
		hunyuan_vl hy_v3 internlm2 jais2 maincoder mistral3 olmo olmoe orion paddleocr pangu-embedded plamo
		qwen2 qwen2moe qwen2vl qwen3 qwen3moe qwen3vl qwen3vlmoe seed_oss smollm3 starcoder2 xverse`
	even = `
		bailingmoe2 bitnet bloom chatglm command-r glm4 glm4moe gpt2 gptneox jais minimax-m2 mpt nemotron
		openelm phi2 phi3 phimoe qwen refact stablelm starcoder`
	plain = `
		bailingmoe deepseek2-ocr gemma hrm_text minicpm minicpm3 plm talkie`
)

// encoders keep nothing.
const encoders = `
	bert modern-bert nomic-bert nomic-bert-moe neo-bert jina-bert-v2 jina-bert-v3 eurobert
	gemma-embedding wavtokenizer-dec dream llada llada-moe rnd1`

// recurrent are those with a state in every layer.
const recurrent = `mamba mamba2 rwkv6 rwkv6qwen2 rwkv7 arwkv7`

// special are those with more to say.
var special = map[string]layout{
	"deepseek2": {cache: keysValues, latent: true},
	"mistral4":  {cache: keysValues, latent: true},

	"afmoe":        {cache: keysValues, windowed: true, period: 4},
	"cohere2":      {cache: keysValues, windowed: true, period: 4},
	"cohere2moe":   {cache: keysValues, windowed: true, period: 4, fullFirst: true},
	"exaone4":      {cache: keysValues, windowed: true, period: 4, window: 4096, onlyAt: 64},
	"exaone-moe":   {cache: keysValues, windowed: true, period: 4},
	"gemma2":       {cache: keysValues, windowed: true, period: 2, window: 4096},
	"gemma3":       {cache: keysValues, windowed: true, period: 6},
	"gemma3n":      {cache: keysValues, windowed: true, period: 5, kvLayers: 20},
	"gemma4":       {cache: keysValues, windowed: true, sharedKV: true},
	"gpt-oss":      {cache: keysValues, windowed: true, period: 2},
	"granite_swa":  {cache: keysValues, windowed: true},
	"laguna":       {cache: keysValues, windowed: true, period: 4, fullFirst: true},
	"llama4":       {cache: keysValues, windowed: true, period: 4, window: 8192, fixed: 8192},
	"maple":        {cache: keysValues, windowed: true},
	"mellum":       {cache: keysValues, windowed: true, period: 4},
	"mimo2":        {cache: keysValues, windowed: true},
	"muse-glimmer": {cache: keysValues, windowed: true, period: 4},
	"olmo2":        {cache: keysValues, windowed: true, period: 4},
	"plamo3":       {cache: keysValues, windowed: true, period: 8},
	"smallthinker": {cache: keysValues, windowed: true, period: 4, fullFirst: true, fixed: 4096},
	"spark2_5":     {cache: keysValues, windowed: true},
	"step35":       {cache: keysValues, windowed: true},

	"bailingmoe3":    {cache: someStates, latent: true},
	"falcon-h1":      {cache: bothInAll},
	"granitehybrid":  {cache: someStates},
	"jamba":          {cache: someStates},
	"kimi-linear":    {cache: someStates, latent: true},
	"lfm2":           {cache: someStates, windowed: true, period: maxLayers + 1},
	"lfm2moe":        {cache: someStates},
	"minimax-01":     {cache: someStates, states: intervals, interval: 8},
	"nemotron_h":     {cache: someStates, states: headlessOnly},
	"nemotron_h_moe": {cache: someStates, states: headlessOnly},
	"plamo2":         {cache: someStates},
	"qwen35":         {cache: someStates, states: intervals, interval: 4},
	"qwen35moe":      {cache: someStates, states: intervals, interval: 4},
	"qwen3next":      {cache: someStates, states: intervals, interval: 4},
}

// architectures are all of them by name.
var architectures = func() map[string]layout {
	all := maps.Clone(special)
	for _, list := range []struct {
		names  string
		layout layout
	}{
		{rotating, layout{cache: keysValues, even: true, rotating: true}},
		{even, layout{cache: keysValues, even: true}},
		{plain, layout{cache: keysValues}},
		{encoders, layout{cache: noCache}},
		{recurrent, layout{cache: stateOnly}},
	} {
		for name := range strings.FieldsSeq(list.names) {
			all[name] = list.layout
		}
	}
	return all
}()

func layoutOf(architecture string) layout { return architectures[architecture] }
