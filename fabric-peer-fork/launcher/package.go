package launcher

import (
	"archive/tar"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
)

// The package types this peer launches, as written in metadata.json.
const (
	TypeImage = "image"
	TypeNode  = "node"
)

// maxUnpacked bounds what a package may unpack to, in bytes: an archive is not
// to fill the peer's ledger volume.
const maxUnpacked = 64 << 20

const imageFile = "image.json"

// imageReference is an OCI reference pinned by digest: every organization that
// approved the package runs the same bytes, and a tag that moves changes nothing.
var imageReference = regexp.MustCompile(
	`^[a-zA-Z0-9][a-zA-Z0-9.-]*(:[0-9]+)?(/[a-z0-9]+([._-]+[a-z0-9]+)*)*(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?@sha256:[0-9a-f]{64}$`)

// Chaincode is a package that was read and found launchable.
type Chaincode struct {
	// PackageID is Fabric's "label:hash".
	PackageID string
	// Image runs the chaincode; empty for the type node, which runs in the
	// runtime image with the files of SourceFolder.
	Image string
	// SourceFolder is where the JavaScript lies on the peer's volume.
	SourceFolder string
}

// readPackage reads code.tar.gz of a package of the given type, and keeps on the
// peer's volume what a pod will need of it.
func readPackage(folder, packageID, packageType string, code io.Reader) (Chaincode, error) {
	switch strings.ToLower(packageType) {
	case TypeImage:
		image, err := readImage(code)
		return Chaincode{PackageID: packageID, Image: image}, err
	case TypeNode:
		source, err := storeSource(folder, packageID, code)
		return Chaincode{PackageID: packageID, SourceFolder: source}, err
	default:
		return Chaincode{}, fmt.Errorf("packages of type %q cannot be launched here: use %q or %q", packageType, TypeImage, TypeNode)
	}
}

func readImage(code io.Reader) (string, error) {
	var content []byte
	err := eachFile(code, func(name string, file io.Reader) (err error) {
		if name == imageFile {
			content, err = io.ReadAll(file)
		}
		return err
	})
	if err != nil {
		return "", err
	}
	if content == nil {
		return "", fmt.Errorf("the package of type %q holds no %s", TypeImage, imageFile)
	}
	var description struct {
		Image string `json:"image"`
	}
	if err := json.Unmarshal(content, &description); err != nil {
		return "", fmt.Errorf("%s is not JSON: %w", imageFile, err)
	}
	if !imageReference.MatchString(description.Image) {
		return "", fmt.Errorf("%s: %q is not an image pinned by digest (registry/name@sha256:<64 hexadecimal digits>)", imageFile, description.Image)
	}
	return description.Image, nil
}

// storeSource unpacks JavaScript sources beside the ledger, once: a package ID
// holds the hash of the package, so what is there already is the same. The
// folder appears under its name only when it is whole.
func storeSource(folder, packageID string, code io.Reader) (string, error) {
	stored := filepath.Join(folder, shortHash(32, packageID))
	if _, err := os.Stat(stored); err == nil {
		return moduleFolder(stored)
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", fmt.Errorf("cannot keep the package: %w", err)
	}
	partial, err := os.MkdirTemp(folder, ".partial-")
	if err != nil {
		return "", fmt.Errorf("cannot keep the package: %w", err)
	}
	defer os.RemoveAll(partial)
	if err := unpack(partial, code); err != nil {
		return "", err
	}
	if _, err := moduleFolder(partial); err != nil {
		return "", err
	}
	// MkdirTemp made it private to the peer's user; a pod reads it as another.
	if err := os.Chmod(partial, 0o755); err != nil {
		return "", fmt.Errorf("cannot keep the package: %w", err)
	}
	if err := os.Rename(partial, stored); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", fmt.Errorf("cannot keep the package: %w", err)
	}
	return moduleFolder(stored)
}

func unpack(folder string, code io.Reader) error {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return err
	}
	defer root.Close()
	return eachFile(code, func(name string, file io.Reader) error {
		if err := root.MkdirAll(path.Dir(name), 0o755); err != nil {
			return fmt.Errorf("cannot unpack %s: %w", name, err)
		}
		target, err := root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
		if err != nil {
			return fmt.Errorf("cannot unpack %s: %w", name, err)
		}
		_, err = io.Copy(target, file)
		return errors.Join(err, target.Sync(), target.Close())
	})
}

// moduleFolder finds the folder of package.json: the root, or src/ as in the
// packages that Fabric's own tools make. Its main file must be there.
func moduleFolder(root string) (string, error) {
	for _, folder := range []string{root, filepath.Join(root, "src")} {
		content, err := os.ReadFile(filepath.Join(folder, "package.json"))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return "", err
		}
		module := struct{ Main string }{"index.js"}
		if err := json.Unmarshal(content, &module); err != nil {
			return "", fmt.Errorf("package.json is not JSON: %w", err)
		}
		if !filepath.IsLocal(module.Main) {
			return "", fmt.Errorf("package.json: main %q is not a path within the package", module.Main)
		}
		if info, err := os.Stat(filepath.Join(folder, module.Main)); err != nil || !info.Mode().IsRegular() {
			return "", fmt.Errorf("package.json: main %q is not a file of the package", module.Main)
		}
		return folder, nil
	}
	return "", fmt.Errorf("the package of type %q holds no package.json", TypeNode)
}

// eachFile visits the regular files of a gzipped tar. It refuses whatever could
// reach out of the folder it is unpacked into, and archives that grow too large.
func eachFile(code io.Reader, visit func(name string, file io.Reader) error) error {
	unzipped, err := gzip.NewReader(code)
	if err != nil {
		return fmt.Errorf("the code package is not gzipped: %w", err)
	}
	limited := &io.LimitedReader{R: unzipped, N: maxUnpacked + 1}
	archive := tar.NewReader(limited)
	for {
		header, err := archive.Next()
		switch {
		case limited.N <= 0:
			return fmt.Errorf("the code package unpacks to more than %d bytes", maxUnpacked)
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("the code package is not a tar archive: %w", err)
		case header.Typeflag == tar.TypeDir:
			continue
		case header.Typeflag != tar.TypeReg:
			return fmt.Errorf("the code package holds %q, which is neither a file nor a folder", header.Name)
		case !filepath.IsLocal(header.Name):
			return fmt.Errorf("the code package holds %q, which is outside of it", header.Name)
		}
		if err := visit(path.Clean(header.Name), archive); err != nil {
			if limited.N <= 0 {
				return fmt.Errorf("the code package unpacks to more than %d bytes", maxUnpacked)
			}
			return err
		}
	}
}
