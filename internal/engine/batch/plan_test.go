package batch

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// sharesOf are shares of slots by sequence and number of tokens.
func sharesOf(seqsAndTokens ...[2]int) []share {
	var all []share
	for _, x := range seqsAndTokens {
		all = append(all, share{slot: &slot{seq: x[0]}, n: x[1]})
	}
	return all
}

// shapes are steps as their sequences, with the tokens of each, and spare ones.
func shapes(steps []step) (out [][]int) {
	for _, st := range steps {
		shape := []int{st.shares[0].n}
		for _, sh := range st.shares {
			shape = append(shape, sh.slot.seq)
		}
		for _, seq := range st.spare {
			shape = append(shape, -seq)
		}
		out = append(out, shape)
	}
	return out
}

func TestWritingSteps_ClosesSmallGaps(t *testing.T) {
	everything := func(int) bool { return true }
	for name, c := range map[string]struct {
		seqs  []int
		spare func(int) bool
		want  [][]int
	}{
		"in no order":        {[]int{2, 0, 3, 1}, everything, [][]int{{1, 0, 1, 2, 3}}},
		"a gap of two":       {[]int{0, 3, 4}, everything, [][]int{{1, 0, 3, 4, -1, -2}}},
		"a wide gap":         {[]int{0, 4}, everything, [][]int{{1, 0}, {1, 4}}},
		"a full batch":       {[]int{0, 1, 3, 4, 5}, everything, [][]int{{1, 0, 1, 3, 4, -2}, {1, 5}}},
		"no room to spare":   {[]int{0, 1, 2, 3, 6}, everything, [][]int{{1, 0, 1, 2, 3}, {1, 6}}},
		"nothing to spare":   {[]int{0, 2}, func(int) bool { return false }, [][]int{{1, 0}, {1, 2}}},
		"one can't be spare": {[]int{0, 3}, func(seq int) bool { return seq == 1 }, [][]int{{1, 0}, {1, 3}}},
	} {
		var shares []share
		for _, seq := range c.seqs {
			shares = append(shares, share{slot: &slot{seq: seq}, n: 1})
		}
		steps, _ := writingSteps(nil, nil, shares, 5, c.spare)
		if diff := cmp.Diff(c.want, shapes(steps)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestReadingSteps_ReadsAtOnceWhatNeighboursHaveInCommon(t *testing.T) {
	for name, c := range map[string]struct {
		shares []share
		want   [][]int
	}{
		"alike":               {sharesOf([2]int{1, 20}, [2]int{0, 20}), [][]int{{20, 0, 1}}},
		"one is longer":       {sharesOf([2]int{0, 20}, [2]int{1, 50}), [][]int{{20, 0, 1}, {30, 1}}},
		"one would be left":   {sharesOf([2]int{0, 13}, [2]int{1, 14}), [][]int{{13, 0}, {14, 1}}},
		"a token alone":       {sharesOf([2]int{0, 1}, [2]int{1, 9}), [][]int{{1, 0}, {9, 1}}},
		"no neighbours":       {sharesOf([2]int{0, 8}, [2]int{2, 8}), [][]int{{8, 0}, {8, 2}}},
		"two pairs of a kind": {sharesOf([2]int{0, 8}, [2]int{1, 8}, [2]int{3, 9}, [2]int{4, 12}), [][]int{{8, 0, 1}, {9, 3, 4}, {3, 4}}},
	} {
		if diff := cmp.Diff(c.want, shapes(readingSteps(nil, c.shares))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestPiece_IsNoShorterThanItHasToBe(t *testing.T) {
	for name, c := range map[string]struct{ unread, budget, room, want int }{
		"all there is":                {40, 64, 512, 40},
		"as much as may be":           {200, 64, 512, 64},
		"with the little that's left": {70, 64, 512, 70},
		"too much is left":            {90, 64, 512, 64},
		"much, for so small a budget": {20, 8, 512, 8},
		"one would be left, no room":  {65, 64, 64, 63},
		"a short one, after others":   {40, 10, 100, 0},
		"a short prompt after others": {9, 10, 100, 9},
		"nothing is left":             {40, 0, 100, 0},
		"over the budget already":     {40, -3, 100, 0},
	} {
		if got := piece(c.unread, c.budget, c.room, 512); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

// Whatever there is to read: it is read whole, in rectangles, and no token of
// a longer prompt is ever computed alone.
func TestPlan_NeverReadsATokenAlone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lengths := rapid.SliceOfN(rapid.IntRange(1, 60), 1, 8).Draw(t, "prompts")
		seqs := rapid.Permutation([]int{0, 1, 2, 3, 4, 5, 6, 7}).Draw(t, "sequences")
		most := rapid.IntRange(leastBatch, 64).Draw(t, "batch")
		p := pacer{most: most}
		var slots []*slot
		for i, n := range lengths {
			slots = append(slots, &slot{seq: seqs[i], tokens: make([]Token, n), req: &Request{Prompt: make([]Token, n)}})
		}
		for turn := 0; slices.ContainsFunc(slots, (*slot).reading); turn++ {
			_, readers, reading := plan(nil, nil, slots, most, &p)
			if reading == 0 || turn > 500 {
				t.Fatalf("nothing is read any more: %v", lengths)
			}
			for _, st := range readingSteps(nil, readers) {
				for i, sh := range st.shares {
					if sh.n != st.shares[0].n || sh.slot.seq != st.shares[0].slot.seq+i {
						t.Fatalf("not a rectangle: %v", shapes([]step{st}))
					}
					if sh.n < least && len(sh.slot.req.Prompt) >= least {
						t.Fatalf("%d token of a prompt of %d alone", sh.n, len(sh.slot.req.Prompt))
					}
					sh.slot.cached += sh.n
				}
			}
		}
	})
}

// Who waits for another's prompt to copy it has nothing to read: for that alone
// the others' answers need not wait longer.
func TestPlan_CountsOnlyPromptsThatAreRead(t *testing.T) {
	p := pacer{most: 512}
	p.wrote(10 * time.Millisecond)
	p.read(10, 10*time.Millisecond)
	prompt := make([]Token, 2000)
	leader := &slot{seq: 1, tokens: prompt, req: &Request{Prompt: prompt}}
	slots := []*slot{{tokens: prompt[:3], cached: 2, req: &Request{Prompt: prompt[:2]}}, leader}
	_, _, alone := plan(nil, nil, slots, 512, &p)
	for seq := 2; seq < 10; seq++ {
		slots = append(slots, &slot{seq: seq, tokens: prompt, leader: leader, req: &Request{Prompt: prompt}})
	}
	if _, _, followed := plan(nil, nil, slots, 512, &p); followed != alone {
		t.Errorf("%d tokens are read with others waiting for them, %d without", followed, alone)
	}
}

func TestWritingSteps_AllocateNothing(t *testing.T) {
	shares := sharesOf([2]int{0, 1}, [2]int{2, 1}, [2]int{3, 1}, [2]int{7, 1})
	var steps []step
	var spare []int
	l := &Loop{cfg: Config{Slots: 9, Batch: 64}, prefixes: newPrefixes(0)}
	plan := func() {
		steps, spare = writingSteps(steps[:0], spare[:0], shares, 64, func(int) bool { return true })
		steps, spare = l.reshape(steps, spare, time.Now())
	}
	plan()
	if n := testing.AllocsPerRun(100, plan); n != 0 {
		t.Errorf("%v allocations a turn", n)
	}
}
