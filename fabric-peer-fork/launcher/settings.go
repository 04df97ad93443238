package launcher

import (
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation"
)

// The environment of the peer's container. Every name the launcher reads is
// here; provisioning sets them on the peer's StatefulSet.
const (
	EnvKubernetes   = "KUBERNETES_SERVICE_HOST" // set by the kubelet in every pod
	EnvNamespace    = "SELVEDGE_NAMESPACE"
	EnvPodName      = "SELVEDGE_POD_NAME"
	EnvPodUID       = "SELVEDGE_POD_UID"
	EnvPodIP        = "SELVEDGE_POD_IP"
	EnvListen       = "SELVEDGE_CHAINCODE_LISTEN"
	EnvNodeName     = "SELVEDGE_NODE_NAME"
	EnvNetwork      = "SELVEDGE_NETWORK"
	EnvOrganization = "SELVEDGE_ORGANIZATION"
	EnvVolumeClaim  = "SELVEDGE_VOLUME_CLAIM"
	EnvVolumePath   = "SELVEDGE_VOLUME_PATH"
	EnvRuntimeImage = "SELVEDGE_CHAINCODE_IMAGE"
	EnvCPU          = "SELVEDGE_CHAINCODE_CPU"
	EnvMemory       = "SELVEDGE_CHAINCODE_MEMORY"
	EnvMemoryLimit  = "SELVEDGE_CHAINCODE_MEMORY_LIMIT"
	EnvPullSecret   = "SELVEDGE_CHAINCODE_PULL_SECRET"
	EnvFileSystem   = "CORE_PEER_FILESYSTEMPATH" // Fabric's own
)

// ErrNotInKubernetes says that the process runs outside a pod, so that no
// chaincode can be launched. The peer itself works.
var ErrNotInKubernetes = errors.New("not running in a Kubernetes pod: " + EnvKubernetes + " is not set")

// Settings is what the launcher knows of the peer it works for.
type Settings struct {
	Namespace    string
	PodName      string
	PodUID       types.UID
	NodeName     string
	Network      string
	Organization string

	// PodIP is where chaincode pods reach the peer; Listen is the address, host
	// and port, at which it listens for them.
	PodIP  string
	Listen string

	// VolumeClaim is the peer's own PersistentVolumeClaim, mounted at
	// VolumePath; packages are kept in PackageFolder, which lies within.
	VolumeClaim   string
	VolumePath    string
	PackageFolder string

	// RuntimeImage runs packages of type node.
	RuntimeImage string
	PullSecret   string

	CPU         resource.Quantity
	Memory      resource.Quantity
	MemoryLimit resource.Quantity
}

// ReadSettings takes the settings from the environment, checks them, and names
// every variable that is missing or malformed. It returns ErrNotInKubernetes
// outside a pod.
func ReadSettings(lookup func(string) (string, bool)) (Settings, error) {
	if value, _ := lookup(EnvKubernetes); value == "" {
		return Settings{}, ErrNotInKubernetes
	}
	r := reader{lookup: lookup}
	files := r.path(EnvFileSystem, "/var/hyperledger/production")
	s := Settings{
		Namespace:     r.name(EnvNamespace),
		PodName:       r.name(EnvPodName),
		PodUID:        types.UID(r.required(EnvPodUID)),
		PodIP:         r.ip(EnvPodIP),
		Listen:        r.address(EnvListen, "0.0.0.0:7053"),
		NodeName:      r.required(EnvNodeName),
		Network:       r.label(EnvNetwork),
		Organization:  r.label(EnvOrganization),
		VolumeClaim:   r.name(EnvVolumeClaim),
		VolumePath:    r.path(EnvVolumePath, files),
		PackageFolder: filepath.Join(files, "selvedge", "chaincode"),
		RuntimeImage:  r.required(EnvRuntimeImage),
		PullSecret:    r.optional(EnvPullSecret, ""),
		CPU:           r.quantity(EnvCPU, "20m"),
		Memory:        r.quantity(EnvMemory, "64Mi"),
		MemoryLimit:   r.quantity(EnvMemoryLimit, "256Mi"),
	}
	if _, err := s.subPath(s.PackageFolder); err != nil {
		r.refuse(EnvVolumePath, "is not where the packages are: "+err.Error())
	}
	if s.MemoryLimit.Cmp(s.Memory) < 0 {
		r.refuse(EnvMemoryLimit, "is less than "+EnvMemory)
	}
	if len(r.problems) > 0 {
		return Settings{}, fmt.Errorf("the chaincode launcher's environment is not usable: %s", strings.Join(r.problems, "; "))
	}
	return s, nil
}

// subPath is where a folder of the peer lies on its volume, as a chaincode pod
// mounts it.
func (s Settings) subPath(folder string) (string, error) {
	relative, err := filepath.Rel(s.VolumePath, folder)
	if err != nil || relative == "." || relative == ".." || strings.HasPrefix(relative, "../") {
		return "", fmt.Errorf("%s is not on the volume mounted at %s", folder, s.VolumePath)
	}
	return filepath.ToSlash(relative), nil
}

// reader collects every problem, so that one start shows all of them.
type reader struct {
	lookup   func(string) (string, bool)
	problems []string
}

func (r *reader) refuse(name, why string) {
	r.problems = append(r.problems, name+" "+why)
}

func (r *reader) optional(name, fallback string) string {
	if value, _ := r.lookup(name); value != "" {
		return value
	}
	return fallback
}

func (r *reader) required(name string) string {
	value := r.optional(name, "")
	if value == "" {
		r.refuse(name, "is not set")
	}
	return value
}

func (r *reader) name(name string) string {
	value := r.required(name)
	if value != "" && len(validation.IsDNS1123Subdomain(value)) > 0 {
		r.refuse(name, fmt.Sprintf("is not a Kubernetes name: %q", value))
	}
	return value
}

func (r *reader) label(name string) string {
	value := r.required(name)
	if len(validation.IsValidLabelValue(value)) > 0 {
		r.refuse(name, fmt.Sprintf("is not a label value: %q", value))
	}
	return value
}

func (r *reader) ip(name string) string {
	value := r.required(name)
	if value != "" && net.ParseIP(value) == nil {
		r.refuse(name, fmt.Sprintf("is not an IP address: %q", value))
	}
	return value
}

func (r *reader) address(name, fallback string) string {
	value := r.optional(name, fallback)
	if _, _, err := net.SplitHostPort(value); err != nil {
		r.refuse(name, fmt.Sprintf("is not host:port: %q", value))
	}
	return value
}

func (r *reader) path(name, fallback string) string {
	value := r.optional(name, fallback)
	if !filepath.IsAbs(value) {
		r.refuse(name, fmt.Sprintf("is not an absolute path: %q", value))
	}
	return filepath.Clean(value)
}

func (r *reader) quantity(name, fallback string) resource.Quantity {
	value := r.optional(name, fallback)
	quantity, err := resource.ParseQuantity(value)
	if err != nil || quantity.Sign() <= 0 {
		r.refuse(name, fmt.Sprintf("is not a positive quantity: %q", value))
	}
	return quantity
}
