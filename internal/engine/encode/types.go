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
	// Whole says that the model has to see all of a text at once. Otherwise a
	// text longer than a batch is read in pieces.
	Whole   bool
	Pooling Pooling
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
