package gguf

// What a file may declare. Each limit is far above what models have, and low
// enough that neither this reader nor the engine behind it can be kept busy or
// filled up by a small file.
const (
	// MaxHeader bounds all that comes before the data. The largest vocabularies
	// take 20 MB.
	MaxHeader = 128 << 20

	// MaxKeys bounds the metadata. Models have about 50 keys; the engine
	// compares each key with all before it, so time grows with the square.
	MaxKeys = 65_536

	// MaxKey bounds a key in bytes. The longest that models use have about 60.
	MaxKey = 256

	// MaxString bounds a string value in bytes. The longest are chat templates,
	// of about 30 KB, and tokenizer files that are carried whole, of a few MB.
	MaxString = 16 << 20

	// MaxArray bounds the elements of an array. The longest are vocabularies
	// and their merges, of less than a million.
	MaxArray = 16 << 20

	// MaxTensors bounds the tensor table: 256 tensors for each of 512 layers,
	// which is what the engine has room for. It, too, compares each name with
	// all before it.
	MaxTensors = 131_072

	// MaxTensorName bounds a tensor's name in bytes: the engine keeps 64 with
	// the terminating zero, and refuses longer ones.
	MaxTensorName = 63

	// MaxDims is the number of dimensions that the engine's tensors have.
	MaxDims = 4

	// MinAlignment is the smallest alignment that the format allows.
	MinAlignment = 8

	// MaxAlignment bounds the padding between tensors: the largest memory page
	// in use is as big, and nothing is gained by more.
	MaxAlignment = 64 << 10

	// DefaultAlignment is the alignment of a file that does not say.
	DefaultAlignment = 32

	// MaxParts bounds a split model: the part's number is 16 bits wide.
	MaxParts = 65_535
)

// What stays in memory of the metadata. The rest is read again when it is asked
// for: vocabularies are the bulk of it, and most callers never look at them.
const (
	keepValue = 64 << 10 // a value
	keepTotal = 4 << 20  // all values together

	bufferSize = 32 << 10
)

// maxFile keeps sums of an offset and a few sizes from overflowing.
const maxFile = 1 << 60
