package dockercontroller

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/hyperledger/fabric-lib-go/common/metrics/disabled"
	pb "github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"github.com/hyperledger/fabric/core/chaincode/persistence"
	"github.com/hyperledger/fabric/core/container"
	"github.com/hyperledger/fabric/core/container/ccintf"
	"github.com/spf13/viper"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/protobuf/proto"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"

	"selvedge.dev/fabric-peer-fork/launcher"
	"selvedge.dev/fabric-peer-fork/relay"
)

const packageID = "trade:0123456789abcdef"

var (
	_ container.DockerBuilder = (*DockerVM)(nil)
	_ container.Instance      = (*ContainerInstance)(nil)
)

// inPod sets the environment of a peer's pod.
func inPod(t *testing.T) launcher.Settings {
	t.Helper()
	for name, value := range map[string]string{
		launcher.EnvKubernetes:   "10.96.0.1",
		launcher.EnvNamespace:    "selvedge",
		launcher.EnvPodName:      "farm-0",
		launcher.EnvPodUID:       "uid",
		launcher.EnvPodIP:        "127.0.0.1",
		launcher.EnvListen:       "127.0.0.1:0",
		launcher.EnvNodeName:     "node-1",
		launcher.EnvNetwork:      "supply",
		launcher.EnvOrganization: "farm",
		launcher.EnvVolumeClaim:  "data-farm-0",
		launcher.EnvRuntimeImage: "runtime",
		launcher.EnvFileSystem:   t.TempDir(),
	} {
		t.Setenv(name, value)
	}
	settings, err := launcher.ReadSettings(os.LookupEnv)
	if err != nil {
		t.Fatal(err)
	}
	return settings
}

func newVM(t *testing.T) (*DockerVM, *fake.Clientset) {
	t.Helper()
	settings := inPod(t)
	viper.Set("chaincode.startuptimeout", "60s")
	t.Cleanup(func() { viper.Set("chaincode.startuptimeout", nil) })
	client := fake.NewClientset()
	listening, err := relay.Listen(settings.Listen, settings.PodIP, logger)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(listening.Close)
	m := newHistogram(&disabled.Provider{})
	m.launcher = launcher.New(settings, client, logger)
	m.relay = listening
	return &DockerVM{BuildMetrics: m, MSPID: "FarmMSP"}, client
}

func code(t *testing.T, name, content string) *bytes.Buffer {
	t.Helper()
	var packed bytes.Buffer
	zip := gzip.NewWriter(&packed)
	archive := tar.NewWriter(zip)
	err := errors.Join(
		archive.WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o644, Size: int64(len(content))}),
		func() error { _, err := archive.Write([]byte(content)); return err }(),
		archive.Close(),
		zip.Close(),
	)
	if err != nil {
		t.Fatal(err)
	}
	return &packed
}

func build(t *testing.T, vm *DockerVM) container.Instance {
	t.Helper()
	image := `{"image":"registry.example/trade@sha256:` + strings.Repeat("00", 32) + `"}`
	instance, err := vm.Build(packageID, &persistence.ChaincodePackageMetadata{Type: "image"}, code(t, "image.json", image))
	if err != nil {
		t.Fatal(err)
	}
	return instance
}

// fabric is the peer's own chaincode listener: it accepts every registration.
type fabric struct {
	pb.UnimplementedChaincodeSupportServer
	registered chan string
}

func (f fabric) Register(stream pb.ChaincodeSupport_RegisterServer) error {
	first, err := stream.Recv()
	if err != nil {
		return err
	}
	id := &pb.ChaincodeID{}
	if err := proto.Unmarshal(first.Payload, id); err != nil {
		return err
	}
	_ = stream.Send(&pb.ChaincodeMessage{Type: pb.ChaincodeMessage_REGISTERED})
	_ = stream.Send(&pb.ChaincodeMessage{Type: pb.ChaincodeMessage_READY})
	f.registered <- id.Name
	<-stream.Context().Done()
	return nil
}

func serve(t *testing.T) (fabric, *ccintf.PeerConnection) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := fabric{registered: make(chan string, 1)}
	server := grpc.NewServer()
	pb.RegisterChaincodeSupportServer(server, f)
	go server.Serve(listener)
	t.Cleanup(server.Stop)
	return f, &ccintf.PeerConnection{Address: listener.Addr().String()}
}

// runPod does what the pod of the Deployment would, with what the Secret holds.
func runPod(t *testing.T, client *fake.Clientset) {
	t.Helper()
	deployments, err := client.AppsV1().Deployments("selvedge").List(t.Context(), metav1.ListOptions{})
	if err != nil || len(deployments.Items) != 1 {
		t.Fatalf("deployments: %v %v", deployments, err)
	}
	template := deployments.Items[0].Spec.Template
	pod := template.Spec
	_, err = client.CoreV1().Pods("selvedge").Create(t.Context(), &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "pod", Namespace: "selvedge", Labels: template.Labels},
		Spec:       pod,
		Status:     corev1.PodStatus{PodIP: "127.0.0.1"},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var secret *corev1.Secret
	for _, volume := range pod.Volumes {
		if volume.Secret != nil {
			secret, err = client.CoreV1().Secrets("selvedge").Get(t.Context(), volume.Secret.SecretName, metav1.GetOptions{})
		}
	}
	if secret == nil || err != nil {
		t.Fatalf("secret: %v", err)
	}
	env := map[string]string{}
	for _, variable := range pod.Containers[0].Env {
		env[variable.Name] = variable.Value
	}
	certificate, err := tls.X509KeyPair(secret.Data["client_pem.crt"], secret.Data["client_pem.key"])
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(secret.Data["peer.crt"])
	connection, err := grpc.NewClient(env["CORE_PEER_ADDRESS"], grpc.WithTransportCredentials(
		credentials.NewTLS(&tls.Config{Certificates: []tls.Certificate{certificate}, RootCAs: roots})))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { connection.Close() })
	stream, err := pb.NewChaincodeSupportClient(connection).Register(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	payload, _ := proto.Marshal(&pb.ChaincodeID{Name: env["CORE_CHAINCODE_ID_NAME"]})
	if err := stream.Send(&pb.ChaincodeMessage{Type: pb.ChaincodeMessage_REGISTER, Payload: payload}); err != nil {
		t.Fatal(err)
	}
}

// becomesReady waits until the pod's readiness gate is open.
func becomesReady(t *testing.T, client *fake.Clientset) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		pod, err := client.CoreV1().Pods("selvedge").Get(t.Context(), "pod", metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for _, condition := range pod.Status.Conditions {
			if condition.Type == launcher.ConditionRegistered && condition.Status == corev1.ConditionTrue {
				return
			}
		}
	}
	t.Fatal("the pod's readiness gate stayed closed")
}

func waitFor(t *testing.T, instance container.Instance) chan error {
	t.Helper()
	ended := make(chan error, 1)
	go func() {
		code, err := instance.Wait()
		if code != 0 && err == nil {
			err = errors.New("ended with another code than 0")
		}
		ended <- err
	}()
	return ended
}

func in(t *testing.T, ended chan error) error {
	t.Helper()
	select {
	case err := <-ended:
		return err
	case <-time.After(20 * time.Second):
		t.Fatal("still waiting")
		return nil
	}
}

func TestAChaincodeIsLaunchedRegisteredAndStopped(t *testing.T) {
	vm, client := newVM(t)
	f, peer := serve(t)
	instance := build(t, vm)
	if err := instance.Start(peer); err != nil {
		t.Fatal(err)
	}
	ended := waitFor(t, instance)
	runPod(t, client)
	select {
	case name := <-f.registered:
		if name != packageID {
			t.Errorf("registered as %s", name)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("it was not registered")
	}
	becomesReady(t, client)
	if err := instance.Stop(); err != nil {
		t.Fatal(err)
	}
	if err := in(t, ended); err != nil {
		t.Errorf("ended with %v", err)
	}
	if left, _ := client.AppsV1().Deployments("selvedge").List(t.Context(), metav1.ListOptions{}); len(left.Items) > 0 {
		t.Errorf("left %v", left.Items)
	}
}

func TestALaunchEndsWhenNoPodComes(t *testing.T) {
	vm, _ := newVM(t)
	_, peer := serve(t)
	instance := build(t, vm)
	viper.Set("chaincode.startuptimeout", "1s") // Fabric makes it 5 s
	if err := instance.Start(peer); err != nil {
		t.Fatal(err)
	}
	if err := in(t, waitFor(t, instance)); err == nil || !strings.Contains(err.Error(), "did not connect") {
		t.Fatalf("got %v", err)
	}
}

func TestALaunchEndsWhenItsDeploymentIsGone(t *testing.T) {
	vm, client := newVM(t)
	_, peer := serve(t)
	instance := build(t, vm)
	if err := instance.Start(peer); err != nil {
		t.Fatal(err)
	}
	ended := waitFor(t, instance)
	list, _ := client.AppsV1().Deployments("selvedge").List(t.Context(), metav1.ListOptions{})
	if err := client.AppsV1().Deployments("selvedge").Delete(t.Context(), list.Items[0].Name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := in(t, ended); err != nil {
		t.Errorf("ended with %v", err)
	}
}

func TestWaitBelongsAfterStart(t *testing.T) {
	vm, _ := newVM(t)
	if _, err := build(t, vm).Wait(); err == nil {
		t.Fatal("it waited for nothing")
	}
}

func TestAPackageThatCannotBeLaunchedIsRefused(t *testing.T) {
	vm, _ := newVM(t)
	_, err := vm.Build(packageID, &persistence.ChaincodePackageMetadata{Type: "image"}, code(t, "image.json", `{"image":"trade:1"}`))
	if err == nil || !strings.Contains(err.Error(), "not an image pinned by digest") {
		t.Fatalf("got %v", err)
	}
}

func TestOutsideOfKubernetesThePeerRunsAndLaunchesNothing(t *testing.T) {
	t.Setenv(launcher.EnvKubernetes, "")
	vm := &DockerVM{BuildMetrics: NewBuildMetrics(&disabled.Provider{})}
	if err := vm.HealthCheck(t.Context()); err != nil {
		t.Errorf("unhealthy: %v", err)
	}
	if _, err := vm.Build(packageID, &persistence.ChaincodePackageMetadata{Type: "image"}, nil); !errors.Is(err, launcher.ErrNotInKubernetes) {
		t.Errorf("got %v", err)
	}
}

func TestAWrongEnvironmentEndsThePeerAtOnce(t *testing.T) {
	inPod(t)
	t.Setenv(launcher.EnvPodIP, "nowhere")
	defer func() {
		if said := recover(); said == nil || !strings.Contains(said.(string), launcher.EnvPodIP) {
			t.Errorf("said %v", said)
		}
	}()
	NewBuildMetrics(&disabled.Provider{})
}

func TestTheKeyPairOfThePeerIsPassedOn(t *testing.T) {
	peer := peerOf(&ccintf.PeerConnection{Address: "a:1", TLSConfig: &ccintf.TLSConfig{ClientCert: []byte("c"), ClientKey: []byte("k"), RootCert: []byte("r")}})
	if string(peer.Certificate)+string(peer.Key)+string(peer.Root) != "ckr" || peer.Address != "a:1" {
		t.Errorf("got %+v", peer)
	}
}
