package launcher

import (
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const podIP = "10.90.1.9"

// podOfLaunch is a pod as the Deployment's controllers would make it.
func (b bench) podOfLaunch(t *testing.T, name, ip string) {
	t.Helper()
	template := b.found(t).Spec.Template
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "selvedge-net-supply", Labels: template.Labels},
		Spec:       template.Spec,
		Status:     corev1.PodStatus{PodIP: ip},
	}
	if _, err := b.client.CoreV1().Pods("selvedge-net-supply").Create(t.Context(), pod, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}

func (b bench) registered(t *testing.T, name string) corev1.ConditionStatus {
	t.Helper()
	pod, err := b.client.CoreV1().Pods("selvedge-net-supply").Get(t.Context(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool { return c.Type == ConditionRegistered })
	if at < 0 {
		return ""
	}
	return pod.Status.Conditions[at].Status
}

func (b bench) becomes(t *testing.T, name string, want corev1.ConditionStatus) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if b.registered(t, name) == want {
			return
		}
	}
	t.Fatalf("%s is %q and not %q", name, b.registered(t, name), want)
}

func marking(t *testing.T, b bench) chan string {
	t.Helper()
	b.pause = 40 * time.Millisecond
	addresses := make(chan string)
	ended := make(chan struct{})
	go func() {
		b.Mark(connection, addresses)
		close(ended)
	}()
	t.Cleanup(func() {
		close(addresses)
		<-ended
	})
	return addresses
}

func TestAPodOfAnImageIsReadyOnlyWhileItIsRegistered(t *testing.T) {
	b := started(t)
	b.podOfLaunch(t, "pod", podIP)
	addresses := marking(t, b)
	addresses <- podIP
	b.becomes(t, "pod", corev1.ConditionTrue)
	addresses <- ""
	b.becomes(t, "pod", corev1.ConditionFalse)
	addresses <- podIP
	b.becomes(t, "pod", corev1.ConditionTrue)
}

func TestOnlyThePodThatIsConnectedIsMarked(t *testing.T) {
	b := started(t)
	b.podOfLaunch(t, "pod", podIP)
	b.podOfLaunch(t, "other", "10.90.1.10")
	addresses := marking(t, b)
	addresses <- podIP
	b.becomes(t, "pod", corev1.ConditionTrue)
	addresses <- "10.90.1.10"
	b.becomes(t, "other", corev1.ConditionTrue)
	b.becomes(t, "pod", corev1.ConditionFalse)
}

func TestAPodWhoseAddressIsNotListedYetIsMarkedWhenItIs(t *testing.T) {
	b := started(t)
	addresses := marking(t, b)
	addresses <- podIP
	b.podOfLaunch(t, "pod", podIP)
	b.becomes(t, "pod", corev1.ConditionTrue)
}

func TestAPodIsMarkedWhenTheAPIServerIsBack(t *testing.T) {
	b := started(t)
	b.podOfLaunch(t, "pod", podIP)
	b.fails("patch", "pods", forbidden, forbidden)
	addresses := marking(t, b)
	addresses <- podIP
	b.becomes(t, "pod", corev1.ConditionTrue)
	if !b.logs.say("cannot patch the status of pod pod") {
		t.Errorf("said %v", b.logs.lines)
	}
}

func TestAPodThatAnswersProbesIsLeftAlone(t *testing.T) {
	b := newBench(t)
	if err := b.Start(t.Context(), nodeLaunch(b.settings)); err != nil {
		t.Fatal(err)
	}
	b.podOfLaunch(t, "pod", podIP)
	if err := b.mark(t.Context(), launchID(connection), podIP); err != nil || b.registered(t, "pod") != "" {
		t.Errorf("got %v and %q", err, b.registered(t, "pod"))
	}
}

func TestMarkingTwiceWritesOnce(t *testing.T) {
	b := started(t)
	b.podOfLaunch(t, "pod", podIP)
	for range 2 {
		if err := b.mark(t.Context(), launchID(connection), podIP); err != nil {
			t.Fatal(err)
		}
	}
	patches := 0
	for _, action := range b.client.Actions() {
		if action.Matches("patch", "pods/status") || strings.HasPrefix(action.GetSubresource(), "status") {
			patches++
		}
	}
	if patches != 1 {
		t.Errorf("it wrote %d times", patches)
	}
}
