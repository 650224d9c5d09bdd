package library

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
)

// unpackNames returns the names that unpack hands over.
func unpackNames(ctx context.Context, data []byte) ([]string, error) {
	var got []string
	err := unpack(ctx, bytes.NewReader(data), testDir, func(name string, r io.Reader) error {
		got = append(got, name)
		_, err := io.Copy(io.Discard, r)
		return err
	})
	return got, err
}

func TestUnpack_TakesTheWantedFiles(t *testing.T) {
	got, err := unpackNames(t.Context(), tarball(t, append(goodPackage(), entry{name: "package/bins/", head: tar.Header{Typeflag: tar.TypeDir}})))
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(got)
	if !slices.Equal(got, goodFiles) {
		t.Errorf("unpacked %q, want %q", got, goodFiles)
	}
}

func TestUnpack_RefusesHostileTarballs(t *testing.T) {
	many := slices.Repeat([]entry{{name: "package/x"}}, maxEntries+1)
	link := func(flag byte, target string) entry {
		return entry{name: testDir + "/libggml-cpu.so", head: tar.Header{Typeflag: flag, Linkname: target}}
	}
	for name, c := range map[string]struct {
		entries []entry
		want    string
	}{
		"absolute path":          {[]entry{{name: "/etc/passwd"}}, "inside the package"},
		"parent":                 {[]entry{{name: "../libllama.so"}}, "inside the package"},
		"parent in the middle":   {[]entry{{name: testDir + "/../../../../libllama.so"}}, "inside the package"},
		"parent that comes back": {[]entry{{name: "package/x/../bins/test/libllama.so"}}, "inside the package"},
		"dot":                    {[]entry{{name: "./package/LICENSE"}}, "inside the package"},
		"double slash":           {[]entry{{name: "package//LICENSE"}}, "inside the package"},
		"backslash":              {[]entry{{name: testDir + `/..\libllama.so`}}, "inside the package"},
		"drive":                  {[]entry{{name: "C:/libllama.so"}}, "inside the package"},
		"stream":                 {[]entry{{name: testDir + "/libllama.so:x"}}, "inside the package"},
		"empty name":             {[]entry{{name: ""}}, "inside the package"},
		"symbolic link":          {[]entry{link(tar.TypeSymlink, "/lib/libc.so.6")}, "neither a file"},
		"hard link":              {[]entry{link(tar.TypeLink, "package/LICENSE")}, "neither a file"},
		"character device":       {[]entry{link(tar.TypeChar, "")}, "neither a file"},
		"block device":           {[]entry{link(tar.TypeBlock, "")}, "neither a file"},
		"pipe":                   {[]entry{link(tar.TypeFifo, "")}, "neither a file"},
		"unknown type":           {[]entry{link('Z', "")}, "neither a file"},
		"same file twice":        {append(goodPackage(), goodPackage()[0]), "twice"},
		"same but for case":      {append(goodPackage(), entry{name: testDir + "/libggml-BASE.so"}), "twice"},
		"too many entries":       {many, "more than"},
		"too large":              {[]entry{{name: "package/x", head: tar.Header{Size: maxUnpacked + 1}}}, "more than"},
		"too large together": {[]entry{
			{name: "package/x", body: "12345"}, {name: "package/y", head: tar.Header{Size: maxUnpacked}},
		}, "more than"},
		"shorter than it says": {[]entry{{name: testDir + "/libllama.so", head: tar.Header{Size: 1 << 20}}}, "unexpected EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := unpackNames(t.Context(), tarball(t, c.entries))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error is %v, want one with %q", err, c.want)
			}
		})
	}
}

func TestUnpack_RefusesWhatIsCutShort(t *testing.T) {
	whole := tarball(t, goodPackage())
	for n := range len(whole) {
		if _, err := unpackNames(t.Context(), whole[:n]); err == nil {
			t.Errorf("the first %d of %d bytes pass for a package", n, len(whole))
		}
	}
}

func TestUnpack_EndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := unpackNames(ctx, tarball(t, goodPackage())); err == nil {
		t.Error("a cancelled unpack went on")
	}
}

func TestBoundedReader_FailsBeyondItsLimit(t *testing.T) {
	for limit, wantErr := range map[int64]bool{9: true, 10: false, 11: false} {
		r := &boundedReader{ctx: t.Context(), r: strings.NewReader("0123456789"), limit: limit}
		if _, err := io.ReadAll(r); (err != nil) != wantErr {
			t.Errorf("limit %d: error is %v", limit, err)
		}
	}
}

func FuzzUnpack(f *testing.F) {
	f.Add(tarball(f, goodPackage()))
	f.Add(tarball(f, []entry{{name: "../libllama.so", body: "x"}}))
	f.Add(tarball(f, []entry{{name: testDir + "/libggml-x.so", head: tar.Header{Typeflag: tar.TypeSymlink, Linkname: "/"}}}))
	f.Add([]byte("not gzip"))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, _ := unpackNames(t.Context(), data)
		seen := map[string]bool{}
		for _, name := range got {
			if !plainName.MatchString(name) || seen[name] || name == manifestName {
				t.Errorf("unpacked %q", name)
			}
			seen[name] = true
		}
	})
}

func FuzzParseManifest(f *testing.F) {
	f.Add([]byte(`{"schema_version":1,"files":[{"name":"libllama.so","size":1,"sha256":"00"}]}`))
	f.Add([]byte(`{"schema_version":1,"files":[{"name":"../x"}]}`))
	f.Add([]byte(`{"schema_version":2}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := parseManifest(data)
		if err != nil {
			return
		}
		for _, file := range m.Files {
			if !plainName.MatchString(file.Name) {
				t.Errorf("accepted the name %q", file.Name)
			}
		}
		again, err := m.encode()
		if err != nil {
			t.Fatal(err)
		}
		if back, err := parseManifest(again); err != nil || fmt.Sprint(back) != fmt.Sprint(m) {
			t.Errorf("%v, %v after a round trip, want %v", back, err, m)
		}
	})
}
