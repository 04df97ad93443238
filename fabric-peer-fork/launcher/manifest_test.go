package launcher

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write testdata anew")

// TestWhatIsMadeIsWhatTheAdmissionPolicyIsTestedWith keeps testdata, which a test asks a
// real API server about (test/integration/rights.test.ts), the same as what is made.
func TestWhatIsMadeIsWhatTheAdmissionPolicyIsTestedWith(t *testing.T) {
	s := settings(t)
	s.PackageFolder = filepath.Join(s.VolumePath, "selvedge", "chaincode")
	image, node := imageLaunch(), nodeLaunch(s)
	image.Chaincode.Image = "registry.example/trade@sha256:" + strings.Repeat("00", 32)
	for name, launch := range map[string]Launch{"image": image, "node": node} {
		deployment, err := buildDeployment(s, launch)
		if err != nil {
			t.Fatal(err)
		}
		same(t, name+".json", deployment)
	}
	labels := labelsOf(s, packageID)
	secret := buildSecret(s, secretName(workloadName(s.PodName, packageID), launchID(connection)), labels, connection)
	secret.APIVersion, secret.Kind = "v1", "Secret"
	same(t, "secret.json", secret)
}

func same(t *testing.T, name string, made any) {
	t.Helper()
	content, err := json.MarshalIndent(made, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	content = append(content, '\n')
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(kept, content) {
		t.Errorf("%s is not what is made any more: go test ./launcher -update", path)
	}
}
