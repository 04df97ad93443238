package launcher

import (
	"encoding/base64"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Connection is how a chaincode reaches its peer, by mutual TLS. Certificates and
// key are PEM.
type Connection struct {
	Address     string // host:port
	Certificate []byte
	Key         []byte
	Root        []byte
}

// Where chaincode shims of every language look for their key pair; the names and
// the two encodings are those of Fabric's Docker launcher.
const (
	tlsFolder      = "/etc/hyperledger/fabric"
	keyBase64      = "client.key"
	certBase64     = "client.crt"
	keyPEM         = "client_pem.key"
	certPEM        = "client_pem.crt"
	rootPEM        = "peer.crt"
	volumeTLS      = "tls"
	volumeSource   = "source"
	volumeScratch  = "scratch"
	sourceFolder   = "/chaincode"
	scratchFolder  = "/tmp"
	modeWorldReads = int32(0o444)
)

// buildSecret holds the key pair of one launch. It never changes afterwards.
func buildSecret(s Settings, name string, labels map[string]string, c Connection) *corev1.Secret {
	immutable := true
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{
			Name:            name,
			Namespace:       s.Namespace,
			Labels:          labels,
			OwnerReferences: []metav1.OwnerReference{ownerReference(s)},
		},
		Immutable: &immutable,
		Data: map[string][]byte{
			keyBase64:  []byte(base64.StdEncoding.EncodeToString(c.Key)),
			certBase64: []byte(base64.StdEncoding.EncodeToString(c.Certificate)),
			keyPEM:     c.Key,
			certPEM:    c.Certificate,
			rootPEM:    c.Root,
		},
	}
}

// environment is what Fabric's Docker launcher gives a chaincode, and the peer's
// address, which it gave as an argument.
func environment(packageID, mspID string, extra []string, c Connection) []corev1.EnvVar {
	variables := []corev1.EnvVar{
		{Name: "CORE_CHAINCODE_ID_NAME", Value: packageID},
		{Name: "CORE_PEER_ADDRESS", Value: c.Address},
		{Name: "CORE_PEER_LOCALMSPID", Value: mspID},
		{Name: "CORE_PEER_TLS_ENABLED", Value: "true"},
		{Name: "CORE_TLS_CLIENT_KEY_PATH", Value: tlsFolder + "/" + keyBase64},
		{Name: "CORE_TLS_CLIENT_CERT_PATH", Value: tlsFolder + "/" + certBase64},
		{Name: "CORE_TLS_CLIENT_KEY_FILE", Value: tlsFolder + "/" + keyPEM},
		{Name: "CORE_TLS_CLIENT_CERT_FILE", Value: tlsFolder + "/" + certPEM},
		{Name: "CORE_PEER_TLS_ROOTCERT_FILE", Value: tlsFolder + "/" + rootPEM},
	}
	return append(variables, parseEnvironment(extra)...)
}
