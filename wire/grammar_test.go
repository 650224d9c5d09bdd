package wire

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// rules makes a grammar of count rules after root, each from the format with
// its own number and the next one's.
func rules(root, format string, count int) string {
	var b strings.Builder
	b.WriteString("root ::= " + root + "\n")
	for i := range count {
		fmt.Fprintf(&b, format+"\n", i, i+1)
	}
	return b.String()
}

func TestCheckGrammar_Accepts(t *testing.T) {
	tests := map[string]string{
		"a literal":                       `root ::= "yes"`,
		"an empty literal":                `root ::= ""`,
		"alternatives":                    `root ::= "a" | "b" | `,
		"an empty rule":                   `root ::=`,
		"escapes":                         `root ::= "\n\r\t\"\\\[\]\-\x41\u00e9\U0001F600"`,
		"any text":                        "root ::= \"é 世 | ( ) # * \n\"",
		"classes":                         `root ::= [a-z] [^\]\\] [-a] [a-] [^-] [é-ü] [\x00-\U0010FFFF] [|()"#]`,
		"any character":                   `root ::= .`,
		"tokens":                          `root ::= <[0]> <[2147483647]> !<[3]> <think> !</think>`,
		"repetitions":                     `root ::= "a"* "b"+ "c"? "d"{2} "e"{2,} "f"{2,3} "g"{0} "h"{ 1 , 2 } "i" *`,
		"repetitions of repetitions":      `root ::= "a"{2}{3} "b"?{2} "c"+*`,
		"a reference":                     "root ::= x-1\nx-1 ::= \"a\"",
		"a reference before and after":    "a ::= \"a\"\nroot ::= a b\nb ::= a",
		"recursion at the end":            `root ::= "a" root | "b"`,
		"recursion in the middle":         `root ::= "(" root ")" | ""`,
		"recursion after parentheses":     `root ::= ("a" | "b"?  "c") root | "d"`,
		"parentheses over lines":          "root ::= (\n\"a\" # one\n|\n\n\"b\"\n)* \"c\"",
		"a rule after its sign":           "root ::=\n\n  \"a\" |\n  \"b\"\n",
		"comments":                        "# first\nroot ::= # here\n \"a\" # (\n# \"\n\n#",
		"line ends":                       "root ::= x\r\nx ::= y\ry ::= \"a\"\r\n\r\n",
		"space before a rule":             "\n \t root \t ::= \t \"a\" \n  ",
		"names":                           "root ::= A-z-09 9\nA-z-09 ::= \"a\"\n9 ::= -\n- ::= \"b\"",
		"repeating one that can be empty": "root ::= x? y{0,5}\nx ::= \"a\"?\ny ::= x",
		"the deepest nesting":             `root ::= ` + strings.Repeat("(", maxGrammarNesting) + `"a"` + strings.Repeat(")", maxGrammarNesting),
		"nesting one after another":       `root ::= ` + strings.Repeat(`("a")`, 1000),
		"the most alternations":           `root ::= "a"` + strings.Repeat(`|"b"`, maxGrammarAlternations),
		"bars that are no alternations":   `root ::= "` + strings.Repeat("|", 5000) + `" [` + strings.Repeat("|", 5000) + "] # " + strings.Repeat("|", 5000),
		"the longest":                     `root ::= "` + strings.Repeat("x", maxGrammarBytes-11) + `"`,
		"the most repetitions":            `root ::= "a"{2000} "b"{0,2000} "c"{2000,} ("d"{40}){50} "e"{40}{50}`,
		"many repetitions":                `root ::= ` + strings.Repeat(`[a-z]{0,500} `, 50),
		"the longest chain":               rules("r0", "r%d ::= r%d", maxGrammarChain-2) + fmt.Sprintf("r%d ::= \"a\"", maxGrammarChain-2),
		"many ways to start":              rules("r0", "r%[1]d ::= r%[2]d \"a\" | r%[2]d \"b\"", 11) + `r11 ::= "c"`,
	}
	for name, g := range tests {
		if err := CheckGrammar(g); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCheckGrammar_Refuses(t *testing.T) {
	tests := []struct{ in, want string }{
		// What is not GBNF.
		{``, `line 1, column 1: there is no rule "root"`},
		{`yes`, `line 1, column 4: ::= expected, but the grammar ends`},
		{`root = "a"`, `line 1, column 6: ::= expected, found '='`},
		{`root : := "a"`, `line 1, column 6: ::= expected, found ':'`},
		{`::= "a"`, `line 1, column 1: the name of a rule expected, found ':'`},
		{`_ ::= "a"`, `line 1, column 1: the name of a rule expected, found '_'`},
		{"root ::= \"a\"\n| \"b\"", `line 2, column 1: the name of a rule expected, found '|'`},
		{"root ::= \"a\"\n\"b\"", `line 2, column 1: the name of a rule expected, found '"'`},
		{"root ::=\nx ::= \"a\"", `line 2, column 3: an item, '|' or the end of the rule expected, found ':'`},
		{`root ::= é`, `line 1, column 10: an item, '|' or the end of the rule expected, found 'é'`},
		{`root ::= 'a'`, `line 1, column 10: an item, '|' or the end of the rule expected, found '\''`},
		{`root ::= a_b`, `line 1, column 11: an item, '|' or the end of the rule expected, found '_'`},
		{"root ::= \"a\xff\"", `is not UTF-8: allowed is valid UTF-8`},
		{"root ::= \"a\" # \x00", `line 1, column 16: a NUL byte would end the grammar here`},
		// Quotes, brackets, parentheses, tokens.
		{`root ::= "a`, `line 1, column 10: '"' without its end`},
		{"root ::= \"a\nb ::= \\\"", `line 1, column 10: '"' without its end`},
		{`root ::= "é" [a-z`, `line 1, column 14: '[' without its ']'`},
		{`root ::= [a-`, `line 1, column 10: '[' without its ']'`},
		{`root ::= [`, `line 1, column 10: '[' without its ']'`},
		{`root ::= []`, `line 1, column 10: the class is empty: allowed is one character or more between '[' and ']'`},
		{`root ::= [^]`, `line 1, column 10: the class is empty: allowed is one character or more between '[' and ']'`},
		{`root ::= [z-a]`, `line 1, column 11: the range "z-a" is upside down`},
		{`root ::= [a-z\q]`, `line 1, column 14: unknown escape: allowed is one of \n \r \t \" \\ \[ \] \- \xHH \uHHHH \UHHHHHHHH`},
		{`root ::= [a-\q]`, `line 1, column 13: unknown escape: allowed is one of \n \r \t \" \\ \[ \] \- \xHH \uHHHH \UHHHHHHHH`},
		{`root ::= "a" ]`, `line 1, column 14: an item, '|' or the end of the rule expected, found ']'`},
		{`root ::= ("a"`, `line 1, column 10: '(' without its ')'`},
		{`root ::= ("a" | (`, `line 1, column 17: '(' without its ')'`},
		{`root ::= "a")`, `line 1, column 13: an item, '|' or the end of the line expected, found ')'`},
		{"root ::= (\nx ::= \"a\")", `line 2, column 3: an item, '|' or the end of the rule expected, found ':'`},
		{`root ::= <a`, `line 1, column 10: '<' without its '>'`},
		{"root ::= <a\n>", `line 1, column 10: '<' without its '>'`},
		{`root ::= <>`, `line 1, column 10: the token is empty: allowed is <text> or <[number]>`},
		{`root ::= <[]>`, `line 1, column 10: "[]" is no token: allowed is <[number]>`},
		{`root ::= <[1>`, `line 1, column 10: "[1" is no token: allowed is <[number]>`},
		{`root ::= <[-1]>`, `line 1, column 10: "[-1]" is no token: allowed is <[number]>`},
		{`root ::= <[+1]>`, `line 1, column 10: "[+1]" is no token: allowed is <[number]>`},
		{`root ::= <[2147483648]>`, `line 1, column 10: "[2147483648]" is no token: allowed is <[number]>`},
		{`root ::= !"a"`, `line 1, column 11: '<' expected, found '"'`},
		// Escapes.
		{`root ::= "\q"`, `line 1, column 11: unknown escape: allowed is one of \n \r \t \" \\ \[ \] \- \xHH \uHHHH \UHHHHHHHH`},
		{`root ::= [\d]`, `line 1, column 11: unknown escape: allowed is one of \n \r \t \" \\ \[ \] \- \xHH \uHHHH \UHHHHHHHH`},
		{`root ::= "\x4"`, `line 1, column 14: a hexadecimal digit expected, found '"'`},
		{`root ::= "\u00e`, `line 1, column 16: a hexadecimal digit expected, but the grammar ends`},
		{`root ::= "\U00110000"`, `line 1, column 11: \U00110000 is no character: allowed is up to \U0010FFFF`},
		{`root ::= "\UFFFFFFFF"`, `line 1, column 11: \UFFFFFFFF is no character: allowed is up to \U0010FFFF`},
		{`root ::= "\`, `line 1, column 12: an escape expected, but the grammar ends`},
		// Repetitions.
		{`root ::= *`, `line 1, column 10: there is nothing to repeat`},
		{`root ::= "a" | +`, `line 1, column 16: there is nothing to repeat`},
		{`root ::= (?)`, `line 1, column 11: there is nothing to repeat`},
		{`root ::= ""*`, `line 1, column 12: there is nothing to repeat`},
		{`root ::= "a"{0}{2}`, `line 1, column 16: there is nothing to repeat`},
		{`root ::= "a"{3,2}`, `line 1, column 13: {3,2} is upside down: allowed is {m,n} with m ≤ n`},
		{`root ::= "a"{,2}`, `line 1, column 14: a number expected, found ','`},
		{`root ::= "a"{}`, `line 1, column 14: a number expected, found '}'`},
		{`root ::= "a"{-1}`, `line 1, column 14: a number expected, found '-'`},
		{`root ::= "a"{2`, `line 1, column 15: '}' expected, but the grammar ends`},
		{`root ::= "a"{2,`, `line 1, column 16: '}' expected, but the grammar ends`},
		{`root ::= "a"{2;3}`, `line 1, column 15: '}' expected, found ';'`},
		{`root ::= "a"{2001}`, `line 1, column 14: 2001 repetitions are too many: allowed is up to 2000`},
		{`root ::= "a"{0,2001}`, `line 1, column 16: 2001 repetitions are too many: allowed is up to 2000`},
		{`root ::= "a"{0,18446744073709551617}`, `line 1, column 16: 18446744073709551617 repetitions are too many: allowed is up to 2000`},
		{`root ::= "a"{40}{51}`, `line 1, column 17: too many repetitions: allowed is up to 2000, repetitions inside one another multiplied`},
		{`root ::= (("a"{20}) "b"){101}`, `line 1, column 25: too many repetitions: allowed is up to 2000, repetitions inside one another multiplied`},
		{`root ::= ("a"? "b"? "c"?){600}`, `line 1, column 26: too many repetitions: allowed is up to 2000, repetitions inside one another multiplied`},
		// Rules.
		{`start ::= "a"`, `line 1, column 14: there is no rule "root"`},
		{`Root ::= "a"`, `line 1, column 13: there is no rule "root"`},
		{`a ::= root`, `line 1, column 11: there is no rule "root"`},
		{"root ::= a\n\na ::= \"a\" (\"b\" | missing-one)", `line 3, column 18: rule "missing-one" is not defined`},
		{`root ::= ` + strings.Repeat("n", 100), `line 1, column 10: rule "` + strings.Repeat("n", 64) + `…" is not defined`},
		{"root ::= \"a\"\nroot ::= \"b\"", `line 2, column 1: rule "root" is defined twice`},
		// Left recursion.
		{`root ::= root`, `line 1, column 1: rule "root" is left-recursive: it can begin with itself`},
		{`root ::= "a" | root "b"`, `line 1, column 1: rule "root" is left-recursive: it can begin with itself`},
		{"root ::= a \"x\"\na ::= b\nb ::= \"b\" | a \"y\"", `line 1, column 10: rule "a" is left-recursive: it can begin with itself`},
		{`root ::= (("a" | (root)) "b")`, `line 1, column 1: rule "root" is left-recursive: it can begin with itself`},
		{`root ::= "" root`, `line 1, column 1: rule "root" is left-recursive: it can begin with itself`},
		{`root ::= "a"? root "b"`, `line 1, column 1: rule "root" is left-recursive: it can begin with itself`},
		{`root ::= "a"{0,3} root`, `line 1, column 1: rule "root" is left-recursive: it can begin with itself`},
		{`root ::= ("a" | ) root`, `line 1, column 1: rule "root" is left-recursive: it can begin with itself`},
		{"root ::= e e root \"x\" | \"y\"\ne ::= f\nf ::= g*\ng ::= \"g\"", `line 1, column 1: rule "root" is left-recursive: it can begin with itself`},
		{"root ::= \"a\"\nunused ::= unused", `line 2, column 1: rule "unused" is left-recursive: it can begin with itself`},
		{`root ::= "a"*+`, `line 1, column 14: what can be empty is repeated without end`},
		{`root ::= ("a"?)*`, `line 1, column 10: what can be empty is repeated without end`},
		{"root ::= \"x\" ws+\nws ::= [ ]*", `line 1, column 14: what can be empty is repeated without end`},
		{"root ::= ws{2,}\nws ::= \" \" | ", `line 1, column 10: what can be empty is repeated without end`},
		// Bounds.
		{`root ::= "` + strings.Repeat("x", maxGrammarBytes-10) + `"`, `is 65537 bytes long: allowed is up to 65536 bytes`},
		{`root ::= "a"` + strings.Repeat(`|"b"`, maxGrammarAlternations+1), `line 1, column 16397: too many alternations: allowed is up to 4096`},
		{`root ::= ` + strings.Repeat("(", maxGrammarNesting+1) + `"a"` + strings.Repeat(")", maxGrammarNesting+1),
			`line 1, column 74: too many parentheses inside one another: allowed is up to 64`},
		{`root ::= "` + strings.Repeat("x", 60_000) + `"{0,2000}`,
			`line 1, column 60012: the grammar is too large with its repetitions written out: allowed is up to 262144 elements`},
		{rules("r0", "r%d ::= r%d", maxGrammarChain-1) + fmt.Sprintf("r%d ::= \"a\"", maxGrammarChain-1),
			`line 1, column 1: too many rules begin with one another: allowed is up to 2048`},
		{rules("r0", "r%[1]d ::= r%[2]d \"a\" | r%[2]d \"b\"", 40) + `r40 ::= "c"`,
			`line 29, column 9: there are too many ways to go on from here: allowed is up to 8192`},
		{rules("r0", "r%d ::= r%d", 3800) + `r3800 ::= "a"`, `line 2049, column 11: too many rules begin with one another: allowed is up to 2048`},
		{"root ::= \"a\" x x \"b\"\nx ::= z{0,700}\nz ::= \"\" | \"1\" | \"2\" | \"3\" | \"4\"",
			`line 1, column 14: there are too many ways to go on from here: allowed is up to 8192`},
		{"root ::= \"a\" x y\nx ::= z{0,1500}\ny ::= \"b\"\nz ::= \"\" | \"1\" | \"2\" | \"3\" | \"4\"",
			`line 1, column 14: there are too many ways to go on from here: allowed is up to 8192`},
	}
	for _, tt := range tests {
		err := CheckGrammar(tt.in)
		wrong, ok := errors.AsType[*FieldError](err)
		if !ok || err.Error() != "grammar: "+tt.want {
			t.Errorf("%.120q\n got %v\nwant grammar: %s", tt.in, err, tt.want)
		} else if wrong.Field != "grammar" {
			t.Errorf("the error names field %s", wrong.Field)
		}
	}
}

// anySequence draws GBNF that always matches some text first, and refers only
// to the rules r<from> to r9.
func anySequence(from, depth int) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		item := rapid.Custom(func(t *rapid.T) string {
			base := []string{`"a"`, `"\"]|("`, `[a-z#\]]`, `[^"\x00-\x1F]`, `.`, `"é"`, `<[7]>`}
			if from <= 9 {
				base = append(base, fmt.Sprintf("r%d", rapid.IntRange(from, 9).Draw(t, "rule")))
			}
			if depth > 0 {
				base = append(base, "( "+anySequence(from, depth-1).Draw(t, "group")+" )")
			}
			repeat := rapid.SampledFrom([]string{"", "", "*", "+", "?", "{2}", "{0,3}", "{1,}", " {0, 2}"})
			return rapid.SampledFrom(base).Draw(t, "item") + repeat.Draw(t, "repeat")
		})
		seq := rapid.Map(rapid.SliceOfN(item, 0, 4), func(items []string) string { return strings.Join(append([]string{`"x"`}, items...), " ") })
		return strings.Join(rapid.SliceOfN(seq, 1, 3).Draw(t, "alternatives"), " | ")
	})
}

func TestCheckGrammar_TellsLeftRecursionFromOther(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var g strings.Builder
		g.WriteString("root ::= " + anySequence(0, 1).Draw(t, "root") + ` | "(" root ")"` + "\n")
		for i := range 10 {
			fmt.Fprintf(&g, "r%d ::= %s # %d\n", i, anySequence(i+1, 1).Draw(t, "rule"), i)
		}
		if err := CheckGrammar(g.String()); err != nil {
			t.Fatalf("%s\nis refused: %v", g.String(), err)
		}
		if err := CheckGrammar(g.String() + "r10 ::= r11? root\nr11 ::= \"y\"*\n"); err != nil {
			t.Fatalf("%s\nwith a rule that begins with root is refused: %v", g.String(), err)
		}
		loop := strings.Replace(g.String(), "root ::= ", "root ::= r10 | ", 1) + "r10 ::= r11? root\nr11 ::= \"y\"*\n"
		if err := CheckGrammar(loop); err == nil || !strings.Contains(err.Error(), "left-recursive") {
			t.Fatalf("%s\nis left-recursive, but: %v", loop, err)
		}
	})
}

// FuzzCheckGrammar checks that every verdict is a short FieldError or none,
// and that what is accepted stays so beside rules it does not use.
func FuzzCheckGrammar(f *testing.F) {
	for _, seed := range []string{
		`root ::= "yes" | "no"`,
		"root ::= item+\nitem ::= \"- \" [^\\n]{1,80} \"\\n\" # one line\n",
		`root ::= (("a"? | "\x41" .){2,3} <[5]> !<t>)* root2` + "\r\nroot2 ::= \"b\"",
		`root ::= root`, `root ::= ("a"{40}){50}`, `root ::= [`, `root ::= "\U0010FFFF`, "root ::=\n\n",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, g string) {
		err := CheckGrammar(g)
		if err != nil {
			wrong, ok := errors.AsType[*FieldError](err)
			if !ok || wrong.Field != "grammar" || len(err.Error()) > 500 || !utf8.ValidString(err.Error()) {
				t.Fatalf("CheckGrammar() = %T %q", err, err)
			}
			return
		}
		const unused = "unused-by-others"
		beside := "# comment (\n" + unused + " ::= root \"x\"\n" + g + "\n \t# the end"
		if strings.Contains(g, unused) || len(beside) > maxGrammarBytes || strings.Count(g, "|") > maxGrammarAlternations/2 || len(g) > maxGrammarBytes/8 {
			return
		}
		if err := CheckGrammar(beside); err != nil {
			t.Fatalf("%q\nis accepted, but not with a rule beside it: %v", g, err)
		}
		if err := CheckGrammar(g + "\n" + unused + " ::= " + unused); err == nil {
			t.Fatalf("%q\nis accepted with a left-recursive rule beside it", g)
		}
	})
}
