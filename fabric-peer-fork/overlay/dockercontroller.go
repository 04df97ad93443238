// Package dockercontroller stands in for Fabric's package of that name when the
// peer is built (see build.ts): it has the surface that the peer's start uses, and
// launches chaincode through Kubernetes. The names speak of Docker because
// Fabric's start does.
package dockercontroller

import (
	"context"
	"errors"
	"io"
	"os"
	"strconv"
	"time"

	"github.com/hyperledger/fabric-lib-go/common/flogging"
	"github.com/hyperledger/fabric-lib-go/common/metrics"
	"github.com/hyperledger/fabric/core/chaincode/persistence"
	"github.com/hyperledger/fabric/core/container"
	"github.com/hyperledger/fabric/core/container/ccintf"

	"selvedge.dev/fabric-peer-fork/launcher"
)

const (
	startTimeout = time.Minute
	// stopTimeout is what Fabric waits for when the peer shuts down.
	stopTimeout = 5 * time.Second
)

var logger = flogging.MustGetLogger("chaincode.launcher")

// PlatformBuilder built Docker images; nothing is built here.
type PlatformBuilder interface {
	GenerateDockerBuild(ccType, path string, codePackage io.Reader) (io.Reader, error)
}

// BuildMetrics holds the histogram of Fabric's launcher, under Fabric's name, so
// that dashboards made for Fabric go on working.
type BuildMetrics struct {
	ChaincodeImageBuildDuration metrics.Histogram

	launcher *launcher.Launcher
	disabled error
}

// NewBuildMetrics is the only function of this package that the peer's start
// calls before it serves. So the launcher's environment is read here: a peer whose
// environment is wrong ends at once and names the variable. Outside of Kubernetes
// the peer runs, and refuses to launch chaincode.
func NewBuildMetrics(p metrics.Provider) *BuildMetrics {
	m := &BuildMetrics{ChaincodeImageBuildDuration: p.NewHistogram(metrics.HistogramOpts{
		Namespace:    "dockercontroller",
		Name:         "chaincode_container_build_duration",
		Help:         "The time to build a chaincode image in seconds.",
		LabelNames:   []string{"chaincode", "success"},
		StatsdFormat: "%{#fqname}.%{chaincode}.%{success}",
	})}
	settings, err := launcher.ReadSettings(os.LookupEnv)
	if errors.Is(err, launcher.ErrNotInKubernetes) {
		logger.Warningf("Chaincode cannot be launched: %s", err)
		m.disabled = err
		return m
	}
	if err == nil {
		m.launcher, err = launcher.Connect(settings, logger)
	}
	if err != nil {
		logger.Panicf("Cannot start the peer: %s", err)
	}
	return m
}

// DockerVM has the fields that the peer's start sets; those of Docker are unused.
type DockerVM struct {
	PeerID          string
	NetworkID       string
	BuildMetrics    *BuildMetrics
	HostConfig      any
	Client          any
	AttachStdOut    bool
	ChaincodePull   bool
	NetworkMode     string
	PlatformBuilder PlatformBuilder
	LoggingEnv      []string
	MSPID           string
}

// HealthCheck passes while the peer can be used. It does not ask the Kubernetes
// API: chaincodes that run go on without it, and a peer that called itself
// unhealthy would be restarted for an outage of the control plane.
func (vm *DockerVM) HealthCheck(context.Context) error { return nil }

// Build keeps a chaincode package, or says why it can not be launched.
func (vm *DockerVM) Build(ccid string, metadata *persistence.ChaincodePackageMetadata, codePackage io.Reader) (container.Instance, error) {
	if vm.BuildMetrics.disabled != nil {
		return nil, vm.BuildMetrics.disabled
	}
	start := time.Now()
	chaincode, err := vm.BuildMetrics.launcher.Build(ccid, metadata.Type, codePackage)
	vm.BuildMetrics.ChaincodeImageBuildDuration.
		With("chaincode", ccid, "success", strconv.FormatBool(err == nil)).
		Observe(time.Since(start).Seconds())
	if err != nil {
		return nil, err
	}
	return &ContainerInstance{vm: vm, chaincode: chaincode}, nil
}

// ContainerInstance is a chaincode that was built.
type ContainerInstance struct {
	vm        *DockerVM
	chaincode launcher.Chaincode
	// started is the connection of the last Start. Fabric calls Start and Wait one
	// after the other, and never two of them at once for one chaincode.
	started launcher.Connection
}

// Start launches the chaincode with a connection made for this launch.
func (i *ContainerInstance) Start(peer *ccintf.PeerConnection) error {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	i.started = connectionOf(peer)
	return i.launcher().Start(ctx, launcher.Launch{
		Chaincode:   i.chaincode,
		Connection:  i.started,
		MSPID:       i.vm.MSPID,
		Environment: i.vm.LoggingEnv,
	})
}

// ChaincodeServerInfo is nil: the chaincode connects to the peer.
func (i *ContainerInstance) ChaincodeServerInfo() (*ccintf.ChaincodeServerInfo, error) {
	return nil, nil
}

// Stop removes the chaincode.
func (i *ContainerInstance) Stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	return i.launcher().Stop(ctx, i.chaincode.PackageID)
}

// Wait lasts as long as the launch does.
func (i *ContainerInstance) Wait() (int, error) {
	return i.launcher().Wait(context.Background(), i.chaincode.PackageID, i.started)
}

func (i *ContainerInstance) launcher() *launcher.Launcher { return i.vm.BuildMetrics.launcher }

func connectionOf(peer *ccintf.PeerConnection) launcher.Connection {
	connection := launcher.Connection{Address: peer.Address}
	if peer.TLSConfig != nil {
		connection.ClientCertificate = peer.TLSConfig.ClientCert
		connection.ClientKey = peer.TLSConfig.ClientKey
		connection.RootCertificate = peer.TLSConfig.RootCert
	}
	return connection
}
