package launcher

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

type entry struct {
	name, content string
	kind          byte
}

func archive(t *testing.T, entries ...entry) *bytes.Buffer {
	t.Helper()
	var packed bytes.Buffer
	zip := gzip.NewWriter(&packed)
	writer := tar.NewWriter(zip)
	for _, e := range entries {
		if e.kind == 0 {
			e.kind = tar.TypeReg
		}
		header := &tar.Header{Name: e.name, Typeflag: e.kind, Mode: 0o644, Size: int64(len(e.content)), Linkname: "target"}
		if e.kind != tar.TypeReg {
			header.Size = 0
		}
		if err := writer.WriteHeader(header); err != nil {
			t.Fatal(err)
		}
		if e.kind == tar.TypeReg {
			if _, err := writer.Write([]byte(e.content)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	if err := zip.Close(); err != nil {
		t.Fatal(err)
	}
	return &packed
}

var digest = "@sha256:" + strings.Repeat("0a", 32)

func TestAnImagePackageNamesAnImageByDigest(t *testing.T) {
	for _, image := range []string{
		"registry.example/trade" + digest,
		"192.0.2.1:5000/selvedge/trade" + digest,
		"registry.example:443/a/b-c/d_e:1.0" + digest,
		"trade" + digest,
	} {
		c, err := readPackage("", packageID, "Image", archive(t, entry{name: "image.json", content: `{"image":"` + image + `"}`}))
		if err != nil || c.Image != image || c.SourceFolder != "" {
			t.Errorf("%s: got %+v, %v", image, c, err)
		}
	}
}

func TestAnImagePackageIsRefused(t *testing.T) {
	for why, c := range map[string]struct {
		code *bytes.Buffer
		says string
	}{
		"without image.json":     {archive(t, entry{name: "other.json", content: "{}"}), "holds no image.json"},
		"with a tag only":        {archive(t, entry{name: "image.json", content: `{"image":"registry.example/trade:1"}`}), "not an image pinned by digest"},
		"with a short digest":    {archive(t, entry{name: "image.json", content: `{"image":"trade@sha256:00"}`}), "not an image pinned by digest"},
		"with nothing":           {archive(t, entry{name: "image.json", content: `{}`}), "not an image pinned by digest"},
		"with no JSON":           {archive(t, entry{name: "image.json", content: `image`}), "is not JSON"},
		"that is not compressed": {bytes.NewBufferString("plain"), "is not gzipped"},
	} {
		if _, err := readPackage("", packageID, TypeImage, c.code); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got %v", why, err)
		}
	}
}

func TestOtherTypesAreRefused(t *testing.T) {
	_, err := readPackage("", packageID, "golang", archive(t))
	if err == nil || !strings.Contains(err.Error(), `"golang" cannot be launched`) {
		t.Fatalf("got %v", err)
	}
}

func TestANodePackageIsKeptOnTheVolume(t *testing.T) {
	for what, c := range map[string]struct {
		entries []entry
		module  string
	}{
		"at the root":        {[]entry{{name: "package.json", content: `{"main":"lib/main.js"}`}, {name: "lib/main.js", content: "1"}}, ""},
		"with a default":     {[]entry{{name: "package.json", content: `{}`}, {name: "index.js", content: "1"}}, ""},
		"as Fabric packs it": {[]entry{{name: "src", kind: tar.TypeDir}, {name: "src/package.json", content: `{}`}, {name: "src/index.js", content: "1"}, {name: "META-INF/x.json", content: "{}"}}, "src"},
		"with ./ before":     {[]entry{{name: "./package.json", content: `{}`}, {name: "./index.js", content: "1"}}, ""},
	} {
		folder := filepath.Join(t.TempDir(), "chaincode")
		first, err := readPackage(folder, packageID, TypeNode, archive(t, c.entries...))
		if err != nil {
			t.Errorf("%s: %v", what, err)
			continue
		}
		if want := filepath.Join(folder, shortHash(32, packageID), c.module); first.SourceFolder != want {
			t.Errorf("%s: kept in %s, want %s", what, first.SourceFolder, want)
		}
		info, err := os.Stat(filepath.Join(folder, shortHash(32, packageID)))
		if err != nil || info.Mode().Perm() != 0o755 {
			t.Errorf("%s: a pod could not read it: %v %v", what, info.Mode(), err)
		}
		again, err := readPackage(folder, packageID, TypeNode, bytes.NewBufferString("not read again"))
		if err != nil || again != first {
			t.Errorf("%s: built again: %+v, %v", what, again, err)
		}
		if left, _ := os.ReadDir(folder); len(left) != 1 {
			t.Errorf("%s: left %v", what, left)
		}
	}
}

func TestANodePackageIsRefusedAndLeavesNothing(t *testing.T) {
	index := entry{name: "index.js", content: "1"}
	for why, c := range map[string]struct {
		entries []entry
		says    string
	}{
		"no package.json":        {[]entry{index}, "holds no package.json"},
		"malformed package.json": {[]entry{{name: "package.json", content: "{"}, index}, "is not JSON"},
		"main that is missing":   {[]entry{{name: "package.json", content: `{"main":"x.js"}`}, index}, "is not a file of the package"},
		"main that is a folder":  {[]entry{{name: "package.json", content: `{"main":"lib"}`}, {name: "lib/x.js"}}, "is not a file of the package"},
		"main outside":           {[]entry{{name: "package.json", content: `{"main":"../x.js"}`}}, "is not a path within the package"},
		"a link":                 {[]entry{{name: "index.js", kind: tar.TypeSymlink}}, "neither a file nor a folder"},
		"a path outside":         {[]entry{{name: "../../etc/x", content: "1"}}, "is outside of it"},
		"an absolute path":       {[]entry{{name: "/etc/x", content: "1"}}, "is outside of it"},
		"a file twice":           {[]entry{index, index}, "cannot unpack"},
		"too much":               {[]entry{{name: "big", content: strings.Repeat("0", maxUnpacked)}}, "unpacks to more than"},
	} {
		folder := t.TempDir()
		_, err := readPackage(folder, packageID, TypeNode, archive(t, c.entries...))
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got %v", why, err)
		}
		if left, _ := os.ReadDir(folder); len(left) > 0 {
			t.Errorf("%s: left %v", why, left)
		}
	}
}

func TestATruncatedArchiveIsRefused(t *testing.T) {
	whole := archive(t, entry{name: "index.js", content: strings.Repeat("abc", 1000)}).Bytes()
	if _, err := readPackage(t.TempDir(), packageID, TypeNode, bytes.NewReader(whole[:len(whole)/2])); err == nil {
		t.Fatal("it was taken")
	}
}

func TestAFolderThatCannotBeWrittenIsAnError(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := readPackage(filepath.Join(file, "x"), packageID, TypeNode, archive(t)); err == nil {
		t.Fatal("it was taken")
	}
}
