package launcher

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/util/validation"
)

const packageID = "anchor_1.0:3bb0a2b9d8a4f5bd3f6cc4be0b2d4b1b5c8f43ed5f16fda3a0b8e1e42a2c7d11"

var longID = strings.Repeat("Long.Label+", 12) + ":" + strings.Repeat("ab", 32)

func TestNamesAreBoundedAndValid(t *testing.T) {
	for _, pod := range []string{"p", "farm-peer-0", strings.Repeat("a-very-long-name-", 5) + "0"} {
		for _, id := range []string{packageID, longID, "x:1", "no hash", "___:1"} {
			name := workloadName(pod, id)
			if len(name) > maxName || len(validation.IsDNS1123Label(name)) > 0 {
				t.Errorf("deployment of %s in %s: %q", id, pod, name)
			}
			if secret := secretName(name, "01234567"); len(secret) > 63 || len(validation.IsDNS1123Label(secret)) > 0 {
				t.Errorf("secret of %s in %s: %q", id, pod, secret)
			}
		}
	}
}

func TestNamesTellPeersAndPackagesApart(t *testing.T) {
	seen := map[string]string{}
	for _, pod := range []string{"farm-0", "farm-1", "farm"} {
		for _, id := range []string{packageID, longID, longID + "c", "anchor_1:0"} {
			name := workloadName(pod, id)
			if other, ok := seen[name]; ok {
				t.Errorf("%s and %s %s share the name %s", other, pod, id, name)
			}
			if name != workloadName(pod, id) {
				t.Errorf("the name of %s is not deterministic", id)
			}
			seen[name] = pod + " " + id
		}
	}
}

func TestLabelValuesAreValid(t *testing.T) {
	for label, want := range map[string]string{
		"anchor":    "anchor",
		"trade_1.2": "trade_1.2",
		"trade+x-":  "trade_x",
	} {
		if got := labelValue(label); got != want {
			t.Errorf("%s: got %s", label, got)
		}
	}
	long, _ := splitPackageID(longID)
	if got := labelValue(long); len(validation.IsValidLabelValue(got)) > 0 {
		t.Errorf("got %q", got)
	}
	if labelValue(long) == labelValue(long+"x") {
		t.Error("long labels are not told apart")
	}
}

func TestAPackageIDWithoutHashHasNone(t *testing.T) {
	if label, hash := splitPackageID("plain"); label != "plain" || hash != "" {
		t.Errorf("got %q %q", label, hash)
	}
}
