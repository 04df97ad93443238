package relay

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"sync"
	"time"
)

// lifetime of certificates. They live in this process and in Secrets that go with
// the peer's pod, so none gets anywhere near it.
const lifetime = 10 * 365 * 24 * time.Hour

// Pair is what one chaincode needs to connect, in PEM.
type Pair struct {
	Certificate []byte
	Key         []byte
	Root        []byte
}

// authority signs the relay's certificate and one for each chaincode. It lives in
// memory only: a peer that starts again has another, and its chaincodes new pairs.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	root        []byte

	mutex      sync.Mutex
	pairs      map[string]Pair     // by package ID
	packageIDs map[[32]byte]string // by the hash of the certificate
}

func newAuthority() (*authority, error) {
	a := &authority{pairs: map[string]Pair{}, packageIDs: map[[32]byte]string{}}
	// Another name than the server's: OpenSSL takes a certificate whose issuer has its own
	// name for self-signed.
	template := template("selvedge chaincode relay CA")
	template.IsCA = true
	template.BasicConstraintsValid = true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature
	var err error
	if a.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return nil, err
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, a.key.Public(), a.key)
	if err != nil {
		return nil, err
	}
	if a.certificate, err = x509.ParseCertificate(der); err != nil {
		return nil, err
	}
	a.root = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return a, nil
}

// client gives a chaincode its pair: the same one as long as this process lives,
// so that launching it again leaves a pod that runs as it is.
func (a *authority) client(packageID string) (Pair, error) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	if pair, ok := a.pairs[packageID]; ok {
		return pair, nil
	}
	template := template("chaincode")
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	der, pair, err := a.sign(template)
	if err != nil {
		return Pair{}, err
	}
	a.pairs[packageID] = pair
	a.packageIDs[sha256.Sum256(der)] = packageID
	return pair, nil
}

// packageID is the chaincode that a client's certificate was made for.
func (a *authority) packageID(certificate *x509.Certificate) (string, bool) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	id, ok := a.packageIDs[sha256.Sum256(certificate.Raw)]
	return id, ok
}

// server makes the relay's TLS configuration for the address chaincodes dial.
func (a *authority) server(ip string) (*tls.Config, error) {
	template := template("selvedge chaincode relay")
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	template.IPAddresses = []net.IP{net.ParseIP(ip)}
	_, pair, err := a.sign(template)
	if err != nil {
		return nil, err
	}
	certificate, err := tls.X509KeyPair(pair.Certificate, pair.Key)
	if err != nil {
		return nil, err
	}
	clients := x509.NewCertPool()
	clients.AddCert(a.certificate)
	return &tls.Config{
		Certificates: []tls.Certificate{certificate},
		ClientAuth:   tls.RequireAndVerifyClientCert,
		ClientCAs:    clients,
		MinVersion:   tls.VersionTLS12,
	}, nil
}

func (a *authority) sign(template *x509.Certificate) (der []byte, pair Pair, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, pair, err
	}
	der, err = x509.CreateCertificate(rand.Reader, template, a.certificate, key.Public(), a.key)
	if err != nil {
		return nil, pair, fmt.Errorf("cannot sign a certificate: %w", err)
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, pair, err
	}
	return der, Pair{
		Certificate: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		Key:         pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded}),
		Root:        a.root,
	}, nil
}

func template(name string) *x509.Certificate {
	serial, _ := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127)) // crypto/rand does not fail
	now := time.Now()
	return &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    now.Add(-time.Hour), // clocks of nodes differ
		NotAfter:     now.Add(lifetime),
		KeyUsage:     x509.KeyUsageDigitalSignature,
	}
}
