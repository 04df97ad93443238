package launcher

import (
	"errors"
	"strings"
	"testing"
)

// env is the environment of a peer's pod, changed by pairs; an empty value unsets.
func env(changes ...string) func(string) (string, bool) {
	values := map[string]string{
		EnvKubernetes:   "10.96.0.1",
		EnvNamespace:    "selvedge-net-supply",
		EnvPodName:      "farm-peer-0",
		EnvPodUID:       "6f2b1a3c-0000-4000-8000-000000000001",
		EnvPodIP:        "10.90.1.7",
		EnvNodeName:     "node-1",
		EnvNetwork:      "supply",
		EnvOrganization: "farm",
		EnvVolumeClaim:  "data-farm-peer-0",
		EnvRuntimeImage: "registry.example/chaincode-node:1",
	}
	for i := 0; i < len(changes); i += 2 {
		values[changes[i]] = changes[i+1]
	}
	return func(name string) (string, bool) {
		value, ok := values[name]
		return value, ok && value != ""
	}
}

func settings(t *testing.T, changes ...string) Settings {
	t.Helper()
	s, err := ReadSettings(env(append([]string{EnvFileSystem, t.TempDir()}, changes...)...))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSettingsHaveDefaults(t *testing.T) {
	s, err := ReadSettings(env())
	if err != nil {
		t.Fatal(err)
	}
	for what, pair := range map[string][2]string{
		"packages lie on the peer's volume": {s.PackageFolder, "/var/hyperledger/production/selvedge/chaincode"},
		"the volume is the file system":     {s.VolumePath, "/var/hyperledger/production"},
		"the relay listens everywhere":      {s.Listen, "0.0.0.0:7053"},
		"a chaincode asks for little":       {s.CPU.String() + " " + s.Memory.String() + " " + s.MemoryLimit.String(), "20m 64Mi 256Mi"},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s: got %q, want %q", what, pair[0], pair[1])
		}
	}
}

func TestOutsideOfKubernetesThereAreNoSettings(t *testing.T) {
	if _, err := ReadSettings(env(EnvKubernetes, "")); !errors.Is(err, ErrNotInKubernetes) {
		t.Fatalf("got %v", err)
	}
}

func TestABadVariableIsNamed(t *testing.T) {
	for what, c := range map[string]struct{ name, value, says string }{
		"missing namespace":           {EnvNamespace, "", "is not set"},
		"malformed namespace":         {EnvNamespace, "Sel_vedge", "is not a Kubernetes name"},
		"missing pod":                 {EnvPodName, "", "is not set"},
		"missing uid":                 {EnvPodUID, "", "is not set"},
		"missing ip":                  {EnvPodIP, "", "is not set"},
		"malformed ip":                {EnvPodIP, "10.90.1", "is not an IP address"},
		"missing node":                {EnvNodeName, "", "is not set"},
		"malformed network":           {EnvNetwork, "a/b", "is not a label value"},
		"missing organization":        {EnvOrganization, "", "is not set"},
		"malformed claim":             {EnvVolumeClaim, "data/$(POD)", "is not a Kubernetes name"},
		"relative volume path":        {EnvVolumePath, "data", "is not an absolute path"},
		"volume beside the ledger":    {EnvVolumePath, "/data", "is not where the packages are"},
		"volume at the very folder":   {EnvVolumePath, "/var/hyperledger/production/selvedge/chaincode", "is not where the packages are"},
		"missing image":               {EnvRuntimeImage, "", "is not set"},
		"malformed listen address":    {EnvListen, "7053", "is not host:port"},
		"malformed cpu":               {EnvCPU, "much", "is not a positive quantity"},
		"no memory":                   {EnvMemory, "0", "is not a positive quantity"},
		"limit less than the request": {EnvMemoryLimit, "1Mi", "is less than"},
	} {
		_, err := ReadSettings(env(c.name, c.value))
		if err == nil || !strings.Contains(err.Error(), c.name+" "+c.says) {
			t.Errorf("%s: got %v", what, err)
		}
	}
}

func TestEveryBadVariableIsNamedAtOnce(t *testing.T) {
	_, err := ReadSettings(env(EnvPodName, "", EnvCPU, "x"))
	if err == nil || !strings.Contains(err.Error(), EnvPodName) || !strings.Contains(err.Error(), EnvCPU) {
		t.Fatalf("got %v", err)
	}
}
