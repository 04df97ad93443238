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
	"github.com/spf13/viper"

	"selvedge.dev/fabric-peer-fork/launcher"
	"selvedge.dev/fabric-peer-fork/relay"
)

const (
	// handshake is how long this very process may take to accept a registration.
	handshake = 5 * time.Second
	// absence is how long transactions wait for a chaincode that restarts; Fabric
	// gives them 30 s.
	absence = 15 * time.Second
	// stopTimeout is what Fabric waits for when the peer shuts down.
	stopTimeout = 5 * time.Second
	// shortestStartup is Fabric's own lower bound.
	shortestStartup = 5 * time.Second
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
	relay    *relay.Relay
	disabled error
}

// NewBuildMetrics is the only function of this package that the peer's start
// calls before it serves. So the launcher's environment is read here: a peer whose
// environment is wrong ends at once and names the variable. Outside of Kubernetes
// the peer runs, and refuses to launch chaincode.
func NewBuildMetrics(p metrics.Provider) *BuildMetrics {
	m := newHistogram(p)
	if err := m.connect(); errors.Is(err, launcher.ErrNotInKubernetes) {
		logger.Warningf("Chaincode cannot be launched: %s", err)
		m.disabled = err
	} else if err != nil {
		logger.Panicf("Cannot start the peer: %s", err)
	}
	return m
}

func newHistogram(p metrics.Provider) *BuildMetrics {
	return &BuildMetrics{ChaincodeImageBuildDuration: p.NewHistogram(metrics.HistogramOpts{
		Namespace:    "dockercontroller",
		Name:         "chaincode_container_build_duration",
		Help:         "The time to build a chaincode image in seconds.",
		LabelNames:   []string{"chaincode", "success"},
		StatsdFormat: "%{#fqname}.%{chaincode}.%{success}",
	})}
}

func (m *BuildMetrics) connect() error {
	settings, err := launcher.ReadSettings(os.LookupEnv)
	if err != nil {
		return err
	}
	if m.launcher, err = launcher.Connect(settings, logger); err != nil {
		return err
	}
	m.relay, err = relay.Listen(settings.Listen, settings.PodIP, logger)
	return err
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

	// Fabric calls Start and then Wait, in one goroutine per launch.
	connection launcher.Connection
	session    *relay.Session
}

// Start launches the chaincode, and registers it with the peer when its pod has
// connected.
func (i *ContainerInstance) Start(peer *ccintf.PeerConnection) error {
	pair, err := i.relay().Pair(i.chaincode.PackageID)
	if err != nil {
		return err
	}
	i.connection = launcher.Connection{
		Address:     i.relay().Address(),
		Certificate: pair.Certificate,
		Key:         pair.Key,
		Root:        pair.Root,
	}
	begin := time.Now()
	startup := max(viper.GetDuration("chaincode.startuptimeout"), shortestStartup)
	ctx, cancel := context.WithTimeout(context.Background(), startup/2)
	defer cancel()
	err = i.launcher().Start(ctx, launcher.Launch{
		Chaincode:   i.chaincode,
		Connection:  i.connection,
		MSPID:       i.vm.MSPID,
		Environment: i.vm.LoggingEnv,
	})
	if err != nil {
		return err
	}
	i.session = i.relay().Open(i.chaincode.PackageID, peerOf(peer).Dial, relay.Timing{
		Start:     max(startup-handshake-time.Second, startup/2) - time.Since(begin),
		Handshake: handshake,
		Absence:   absence,
	})
	return nil
}

// ChaincodeServerInfo is nil: the chaincode connects to the peer.
func (i *ContainerInstance) ChaincodeServerInfo() (*ccintf.ChaincodeServerInfo, error) {
	return nil, nil
}

// Stop removes the chaincode.
func (i *ContainerInstance) Stop() error {
	i.relay().End(i.chaincode.PackageID)
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	return i.launcher().Stop(ctx, i.chaincode.PackageID)
}

// Wait lasts as long as the launch does: until the connection with the peer ends,
// or Kubernetes says that the chaincode is gone or cannot run. Fabric then forgets
// the registration, and launches again when there is a proposal.
func (i *ContainerInstance) Wait() (int, error) {
	if i.session == nil {
		return 0, errors.New("the chaincode was not started")
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	session := i.session
	go i.launcher().Mark(i.connection, session.Pods())
	go func() {
		<-session.Done()
		cancel()
	}()
	code, err := i.launcher().Wait(ctx, i.chaincode.PackageID, i.connection)
	if ctx.Err() != nil {
		return 0, session.Err()
	}
	session.Close()
	return code, err
}

func (i *ContainerInstance) launcher() *launcher.Launcher { return i.vm.BuildMetrics.launcher }

func (i *ContainerInstance) relay() *relay.Relay { return i.vm.BuildMetrics.relay }

func peerOf(connection *ccintf.PeerConnection) relay.Peer {
	peer := relay.Peer{Address: connection.Address}
	if connection.TLSConfig != nil {
		peer.Certificate = connection.TLSConfig.ClientCert
		peer.Key = connection.TLSConfig.ClientKey
		peer.Root = connection.TLSConfig.RootCert
	}
	return peer
}
