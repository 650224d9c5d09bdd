package encode

import "errors"

// Token is an entry of the model's vocabulary.
type Token = int32

// Entry is one token of a batch, and where it goes.
type Entry struct {
	Token Token
	Seq   int
	Pos   int
}

// Model computes batches over numbered sequences. Only Abort may be called
// from other goroutines than the loop's.
type Model interface {
	// Decode computes a batch. done is false where Abort ended it early.
	Decode(entries []Entry) (done bool, err error)
	// Vector is what the last batch made of its tokens of a sequence, valid
	// until the next.
	Vector(seq int) []float32
	// Clear forgets all sequences; with data also the numbers that they leave
	// behind.
	Clear(data bool)
	// Abort makes the running Decode end early while it is on.
	Abort(on bool)
}

// Pooling says how the vectors of a long text's pieces become one, and what is
// done with it.
type Pooling uint8

// The ways of pooling.
const (
	Mean  Pooling = iota + 1
	First         // the first piece's
	Last          // the last piece's
	Score         // as it is, of the last piece: no vector, and not normalised
)

// Config sizes a Loop.
type Config struct {
	// Batch is how many tokens are packed into one Decode. A longer text comes
	// alone.
	Batch     int
	Sequences int // texts in one Decode at most
	// Align makes texts start at multiples of it, where it is not 0, with
	// sequences in between that nobody asks for.
	Align int
	// Whole says that the model has to see all of a text at once. Otherwise a
	// text longer than a batch is read in pieces.
	Whole   bool
	Pooling Pooling
}

// A processor adds up several numbers at a time. A model that looks at a whole
// batch at once, and gives no weight to other texts, has the same sums for a
// text wherever it lies, to the last bit, if it always lies alike in these
// groups. And the last bit counts: quantized weights are multiplied with rounded
// numbers, and one that is rounded the other way is off by a hundredth.

// sequence is where the text at place i of a batch goes; what fills up behind it
// goes to the next.
func (c Config) sequence(i int) int {
	if c.Align > 0 {
		return 2 * i
	}
	return i
}

// padded is what a text of n tokens takes of a batch.
func (c Config) padded(n int) int {
	if c.Align > 0 {
		return (n + c.Align - 1) / c.Align * c.Align
	}
	return n
}

// Request is texts to be encoded. The loop's from Submit on.
type Request struct {
	ID    uint64
	Texts [][]Token // none empty
	// Dimensions is what vectors are cut to; 0 leaves them.
	Dimensions int
}

// Output takes what the loop produces, from the loop's goroutine. Flush follows
// the last call of each turn.
type Output interface {
	// Vector is one text's, in the order in which they come; it is the
	// receiver's.
	Vector(id uint64, text int, v []float32)
	// End is the last word on a request: nil where every text had its Vector,
	// ErrCancelled after Cancel.
	End(id uint64, err error)
	Flush()
}

// ErrCancelled ends a request that was cancelled.
var ErrCancelled = errors.New("the request was cancelled")

// ErrVector ends a request for one of whose texts the model computed no usable
// numbers.
var ErrVector = errors.New("the model produced no usable vector (not a number, or all zeros)")
