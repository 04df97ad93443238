package launcher

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strings"
)

// Labels and annotations of everything the launcher makes.
const (
	LabelNetwork      = "selvedge.dev/network"
	LabelOrganization = "selvedge.dev/organization"
	LabelComponent    = "selvedge.dev/component"
	LabelPeer         = "selvedge.dev/peer"
	LabelChaincode    = "selvedge.dev/chaincode"
	LabelPackage      = "selvedge.dev/package"
	LabelLaunch       = "selvedge.dev/launch"

	// ConditionRegistered is a pod's readiness gate: it is true while the pod's
	// chaincode is registered with its peer.
	ConditionRegistered = "selvedge.dev/registered"

	// AccountChaincode is the service account of every chaincode pod. It may do
	// nothing; provisioning makes it, and an admission policy allows no other.
	AccountChaincode = "chaincode"

	AnnotationPackageID = "selvedge.dev/package-id"

	// LabelPodName is set by the StatefulSet controller on each of its pods.
	LabelPodName = "statefulset.kubernetes.io/pod-name"

	componentChaincode = "chaincode"
)

const (
	// maxName leaves room for the 17 characters that a Deployment's pods add,
	// so that pod names, which are also host names, stay within 63.
	maxName  = 46
	maxLabel = 63
)

var notName = regexp.MustCompile(`[^a-z0-9]+`)

// workloadName names the Deployment of one chaincode of one peer: readable, and
// unique by the hash of what it stands for however long that is.
func workloadName(pod, packageID string) string {
	hash := shortHash(10, pod, packageID)
	label, _ := splitPackageID(packageID)
	readable := notName.ReplaceAllString(strings.ToLower(pod+"-"+label), "-")
	if most := maxName - len(hash) - 1; len(readable) > most {
		readable = readable[:most]
	}
	return strings.Trim(readable, "-") + "-" + hash
}

// secretName names the Secret of one key pair: a new pair is a new Secret, so that
// no pod can start with a mixture of two.
func secretName(workload, launch string) string {
	return workload + "-" + launch
}

// launchID tells launches apart that need another pod, by what the pod connects
// with.
func launchID(c Connection) string {
	return shortHash(8, c.Address, string(c.Certificate), string(c.Root))
}

// labelValue makes a label value of a chaincode's package label, which may hold
// characters and lengths that Kubernetes refuses.
func labelValue(packageLabel string) string {
	value := strings.ReplaceAll(packageLabel, "+", "_")
	if len(value) > maxLabel {
		hash := shortHash(8, packageLabel)
		value = value[:maxLabel-len(hash)-1] + "-" + hash
	}
	return strings.Trim(value, "-_.")
}

// splitPackageID splits Fabric's "label:hash".
func splitPackageID(packageID string) (label, hash string) {
	at := strings.LastIndex(packageID, ":")
	if at < 0 {
		return packageID, ""
	}
	return packageID[:at], packageID[at+1:]
}

func shortHash(length int, parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:])[:length]
}
