package launcher

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes/fake"
	ktesting "k8s.io/client-go/testing"
)

type logs struct {
	mutex sync.Mutex
	lines []string
}

func (l *logs) Infof(format string, args ...any) { l.Warnf(format, args...) }

func (l *logs) Warnf(format string, args ...any) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.lines = append(l.lines, fmt.Sprintf(format, args...))
}

func (l *logs) say(text string) bool {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return strings.Contains(strings.Join(l.lines, "\n"), text)
}

type bench struct {
	*Launcher
	client *fake.Clientset
	logs   *logs
}

func newBench(t *testing.T, objects ...runtime.Object) bench {
	t.Helper()
	client := fake.NewClientset(objects...)
	log := &logs{}
	l := New(settings(t), client, log)
	l.patience = wait.Backoff{Duration: time.Millisecond, Steps: 3}
	l.pause = time.Millisecond
	return bench{Launcher: l, client: client, logs: log}
}

// fails makes the next calls of a kind fail, as often as there are errors.
func (b bench) fails(verb, resource string, failures ...error) {
	b.client.PrependReactor(verb, resource, func(ktesting.Action) (bool, runtime.Object, error) {
		if len(failures) == 0 {
			return false, nil, nil
		}
		err := failures[0]
		failures = failures[1:]
		return err != nil, nil, err
	})
}

// refuseWatch lets the first watch of a resource fail for good.
func (b bench) refuseWatch(resource string, refused chan<- struct{}) {
	var once sync.Once
	b.client.PrependWatchReactor(resource, func(ktesting.Action) (handled bool, w watch.Interface, err error) {
		once.Do(func() {
			handled, err = true, forbidden
			refused <- struct{}{}
		})
		return handled, nil, err
	})
}

func (b bench) found(t *testing.T) *appsv1.Deployment {
	t.Helper()
	d, err := b.client.AppsV1().Deployments("selvedge-net-supply").Get(t.Context(), workloadName(b.settings.PodName, packageID), metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func (b bench) secrets(t *testing.T) []string {
	t.Helper()
	list, err := b.client.CoreV1().Secrets("selvedge-net-supply").List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, secret := range list.Items {
		names = append(names, secret.Name)
	}
	return names
}

var (
	forbidden   = apierrors.NewForbidden(schema.GroupResource{Resource: "x"}, "x", errors.New("no"))
	unavailable = apierrors.NewServiceUnavailable("starting")
	gone        = apierrors.NewNotFound(schema.GroupResource{Resource: "x"}, "x")
	broken      = errors.New("connection refused")
)

func TestStartMakesASecretAndADeployment(t *testing.T) {
	b := newBench(t)
	if err := b.Start(t.Context(), imageLaunch()); err != nil {
		t.Fatal(err)
	}
	d := b.found(t)
	secrets := b.secrets(t)
	if d == nil || len(secrets) != 1 || secretsOf(d)[0] != secrets[0] {
		t.Fatalf("got %v and %v", d, secrets)
	}
}

func TestStartAgainWithTheSameKeyPairChangesNothing(t *testing.T) {
	b := newBench(t)
	for range 2 {
		if err := b.Start(t.Context(), imageLaunch()); err != nil {
			t.Fatal(err)
		}
	}
	if secrets := b.secrets(t); len(secrets) != 1 {
		t.Errorf("secrets: %v", secrets)
	}
	if d := b.found(t); d.Labels[LabelLaunch] != launchID(connection) {
		t.Errorf("labels: %v", d.Labels)
	}
}

func TestStartWithAnotherKeyPairReplacesTheLaunch(t *testing.T) {
	b := newBench(t)
	if err := b.Start(t.Context(), imageLaunch()); err != nil {
		t.Fatal(err)
	}
	next := imageLaunch()
	next.Connection.Certificate = []byte("another")
	if err := b.Start(t.Context(), next); err != nil {
		t.Fatal(err)
	}
	d := b.found(t)
	if secrets := b.secrets(t); len(secrets) != 1 || secrets[0] != secretsOf(d)[0] {
		t.Errorf("secrets: %v", secrets)
	}
	if d.Spec.Template.Labels[LabelLaunch] != launchID(next.Connection) {
		t.Errorf("labels: %v", d.Spec.Template.Labels)
	}
}

func TestStartOnAnotherNodeFreesItFromPodsThatCannotEnd(t *testing.T) {
	pod := func(name, launch, node string) *corev1.Pod {
		labels := labelsOf(settings(t), packageID)
		labels[LabelLaunch] = launch
		return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "selvedge-net-supply", Labels: labels}, Spec: corev1.PodSpec{NodeName: node}}
	}
	current := launchID(connection)
	b := newBench(t, pod("on-lost-node", "old", "node-2"), pod("here", "old", "node-1"), pod("unscheduled", "old", ""), pod("current", current, "node-2"))
	if err := b.Start(t.Context(), imageLaunch()); err != nil {
		t.Fatal(err)
	}
	if err := b.Start(t.Context(), imageLaunch()); err != nil {
		t.Fatal(err)
	}
	list, _ := b.client.CoreV1().Pods("selvedge-net-supply").List(t.Context(), metav1.ListOptions{})
	var left []string
	for _, p := range list.Items {
		left = append(left, p.Name)
	}
	if strings.Join(left, " ") != "current here unscheduled" {
		t.Errorf("left: %v", left)
	}
}

func TestStartLeavesTheDeploymentOfAnotherPeerAlone(t *testing.T) {
	s := settings(t)
	b := newBench(t, &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{
		Name: workloadName(s.PodName, packageID), Namespace: "selvedge-net-supply", Labels: map[string]string{LabelPeer: "another"},
	}})
	if err := b.Start(t.Context(), imageLaunch()); err == nil || !strings.Contains(err.Error(), `another peer: "another"`) {
		t.Fatalf("got %v", err)
	}
	if len(b.secrets(t)) > 0 {
		t.Error("it left a secret")
	}
}

func TestStartSaysWhatItCouldNotDo(t *testing.T) {
	for says, c := range map[string][2]string{
		"cannot read deployment":  {"get", "deployments"},
		"cannot create secret":    {"create", "secrets"},
		"cannot apply deployment": {"patch", "deployments"},
	} {
		b := newBench(t)
		b.fails(c[0], c[1], forbidden)
		if err := b.Start(t.Context(), imageLaunch()); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: got %v", says, err)
		}
	}
	b := newBench(t)
	launch := imageLaunch()
	launch.Chaincode = Chaincode{PackageID: packageID, SourceFolder: "/elsewhere"}
	if err := b.Start(t.Context(), launch); err == nil {
		t.Error("a source beside the volume was started")
	}
}

func TestCallsAreRepeatedWhileTheAPIServerIsAway(t *testing.T) {
	b := newBench(t)
	b.fails("get", "deployments", unavailable, broken)
	b.fails("patch", "deployments", broken, unavailable)
	if err := b.Start(t.Context(), imageLaunch()); err != nil {
		t.Fatal(err)
	}
	b = newBench(t)
	b.fails("get", "deployments", broken, broken, broken)
	if err := b.Start(t.Context(), imageLaunch()); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

func TestWhatCleaningMissesFailsNoLaunch(t *testing.T) {
	b := newBench(t)
	if err := b.Start(t.Context(), imageLaunch()); err != nil {
		t.Fatal(err)
	}
	b.fails("delete", "secrets", forbidden)
	b.fails("list", "pods", forbidden)
	next := imageLaunch()
	next.Connection.Certificate = []byte("another")
	if err := b.Start(t.Context(), next); err != nil {
		t.Fatal(err)
	}
	if !b.logs.say("Cannot delete secret") || !b.logs.say("Cannot look for stranded pods") {
		t.Errorf("said %v", b.logs.lines)
	}
}

func TestAStrandedPodThatCannotBeDeletedIsReported(t *testing.T) {
	labels := labelsOf(settings(t), packageID)
	labels[LabelLaunch] = "old"
	b := newBench(t, &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "stuck", Namespace: "selvedge-net-supply", Labels: labels}, Spec: corev1.PodSpec{NodeName: "node-2"}})
	b.fails("delete", "pods", forbidden)
	for range 2 {
		if err := b.Start(t.Context(), imageLaunch()); err != nil {
			t.Fatal(err)
		}
	}
	if !b.logs.say("Cannot delete pod stuck, left on node node-2") {
		t.Errorf("said %v", b.logs.lines)
	}
}

func TestStopRemovesWhatStartMade(t *testing.T) {
	b := newBench(t)
	if err := b.Start(t.Context(), imageLaunch()); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time there is nothing
		if err := b.Stop(t.Context(), packageID); err != nil {
			t.Fatal(err)
		}
	}
	if b.found(t) != nil || len(b.secrets(t)) > 0 {
		t.Errorf("left %v and %v", b.found(t), b.secrets(t))
	}
}

func TestStopThatCannotSaysSo(t *testing.T) {
	b := newBench(t)
	if err := b.Start(t.Context(), imageLaunch()); err != nil {
		t.Fatal(err)
	}
	b.fails("get", "deployments", forbidden)
	if err := b.Stop(t.Context(), packageID); err == nil || !strings.Contains(err.Error(), "cannot read") {
		t.Errorf("got %v", err)
	}
	b.fails("delete", "deployments", forbidden)
	if err := b.Stop(t.Context(), packageID); err == nil || !strings.Contains(err.Error(), "cannot delete") {
		t.Errorf("got %v", err)
	}
	b.fails("delete", "deployments", gone)
	if err := b.Stop(t.Context(), packageID); err != nil {
		t.Errorf("somebody else deleted it: got %v", err)
	}
}

func TestBuildKeepsAPackage(t *testing.T) {
	b := newBench(t)
	c, err := b.Build(packageID, "node", archive(t, entry{name: "package.json", content: "{}"}, entry{name: "index.js"}))
	if err != nil || !strings.HasPrefix(c.SourceFolder, b.settings.PackageFolder) {
		t.Fatalf("got %+v, %v", c, err)
	}
}

func TestConnectNeedsAPod(t *testing.T) {
	t.Setenv(EnvKubernetes, "")
	if _, err := Connect(settings(t), &logs{}); err == nil || !strings.Contains(err.Error(), "cannot reach the Kubernetes API") {
		t.Fatalf("got %v", err)
	}
}

func waiting(b bench, ctx context.Context) (ended chan ending) {
	ended = make(chan ending, 1)
	go func() {
		code, err := b.Wait(ctx, packageID, connection)
		ended <- ending{over: true, exitCode: code, err: err}
	}()
	return ended
}

func within(t *testing.T, ended chan ending) ending {
	t.Helper()
	select {
	case end := <-ended:
		return end
	case <-time.After(10 * time.Second):
		t.Fatal("still waiting")
		return ending{}
	}
}

func notYet(t *testing.T, ended chan ending) {
	t.Helper()
	select {
	case end := <-ended:
		t.Fatalf("ended: %+v", end)
	case <-time.After(100 * time.Millisecond):
	}
}
