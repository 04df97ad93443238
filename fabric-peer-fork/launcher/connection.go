package launcher

import (
	"encoding/base64"
	"fmt"
	"net"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Connection is how a chaincode reaches its peer. Certificates and key are PEM;
// they are empty where the peer's chaincode listener has no TLS.
type Connection struct {
	Address           string // host:port
	ClientCertificate []byte
	ClientKey         []byte
	RootCertificate   []byte
}

func (c Connection) tls() bool { return len(c.ClientKey) > 0 }

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
			keyBase64:  []byte(base64.StdEncoding.EncodeToString(c.ClientKey)),
			certBase64: []byte(base64.StdEncoding.EncodeToString(c.ClientCertificate)),
			keyPEM:     c.ClientKey,
			certPEM:    c.ClientCertificate,
			rootPEM:    c.RootCertificate,
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
		{Name: "CORE_PEER_TLS_ENABLED", Value: fmt.Sprint(c.tls())},
	}
	if c.tls() {
		variables = append(variables,
			corev1.EnvVar{Name: "CORE_TLS_CLIENT_KEY_PATH", Value: tlsFolder + "/" + keyBase64},
			corev1.EnvVar{Name: "CORE_TLS_CLIENT_CERT_PATH", Value: tlsFolder + "/" + certBase64},
			corev1.EnvVar{Name: "CORE_TLS_CLIENT_KEY_FILE", Value: tlsFolder + "/" + keyPEM},
			corev1.EnvVar{Name: "CORE_TLS_CLIENT_CERT_FILE", Value: tlsFolder + "/" + certPEM},
			corev1.EnvVar{Name: "CORE_PEER_TLS_ROOTCERT_FILE", Value: tlsFolder + "/" + rootPEM},
		)
	}
	return append(variables, parseEnvironment(extra)...)
}

// hostAliases resolve the peer's name without DNS, which may remember for half a
// minute that the peer's new pod was not there yet.
func hostAliases(s Settings, c Connection) []corev1.HostAlias {
	host, _, err := net.SplitHostPort(c.Address)
	if err != nil || net.ParseIP(host) != nil {
		return nil
	}
	return []corev1.HostAlias{{IP: s.PodIP, Hostnames: []string{host}}}
}
