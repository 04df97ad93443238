package launcher

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	ktesting "k8s.io/client-go/testing"
)

func TestTheOutcomeOfALaunch(t *testing.T) {
	zero, one := int32(0), int32(1)
	now := metav1.Now()
	deployment := func(change func(*appsv1.Deployment)) *appsv1.Deployment {
		d := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{LabelLaunch: "this"}}, Spec: appsv1.DeploymentSpec{Replicas: &one}}
		change(d)
		return d
	}
	same := func(*appsv1.Deployment) {}
	pod := func(reason, message string, last *corev1.ContainerStateTerminated) []corev1.Pod {
		state := corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}
		if reason != "" {
			state = corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}}
		}
		return []corev1.Pod{{Status: corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{{
			Image: "trade", State: state, LastTerminationState: corev1.ContainerState{Terminated: last},
		}}}}}
	}
	crash := &corev1.ContainerStateTerminated{ExitCode: 3, Message: strings.Repeat("x", 5000) + "Cannot find module 'y'\n"}
	for what, c := range map[string]struct {
		deployment *appsv1.Deployment
		pods       []corev1.Pod
		over       bool
		code       int
		says       string
	}{
		"it runs":                      {deployment(same), pod("", "", nil), false, 0, ""},
		"it runs after a crash":        {deployment(same), pod("", "", crash), false, 0, ""},
		"it has no pod yet":            {deployment(same), nil, false, 0, ""},
		"it is being made":             {deployment(same), pod("ContainerCreating", "", nil), false, 0, ""},
		"its first pull failed":        {deployment(same), pod("ErrImagePull", "timeout", nil), false, 0, ""},
		"its pulls go on failing":      {deployment(same), pod("ImagePullBackOff", "not found", nil), true, 1, "cannot start from image trade: ImagePullBackOff: not found"},
		"its image wants to be root":   {deployment(same), pod("CreateContainerConfigError", "runAsNonRoot", nil), true, 1, "runAsNonRoot"},
		"it keeps ending":              {deployment(same), pod("CrashLoopBackOff", "", crash), true, 3, "exit code 3"},
		"it keeps ending for a reason": {deployment(same), pod("CrashLoopBackOff", "", crash), true, 3, "Cannot find module 'y'"},
		"nobody knows how it ended":    {deployment(same), pod("CrashLoopBackOff", "", nil), false, 0, ""},
		"it is being deleted":          {deployment(func(d *appsv1.Deployment) { d.DeletionTimestamp = &now }), nil, true, 0, ""},
		"it is scaled to zero":         {deployment(func(d *appsv1.Deployment) { d.Spec.Replicas = &zero }), nil, true, 0, ""},
		"replicas are not said":        {deployment(func(d *appsv1.Deployment) { d.Spec.Replicas = nil }), nil, false, 0, ""},
		"it is launched anew":          {deployment(func(d *appsv1.Deployment) { d.Labels[LabelLaunch] = "next" }), nil, true, 0, ""},
	} {
		end := outcome("this", c.deployment, c.pods)
		if end.over != c.over || end.exitCode != c.code || (end.err == nil) != (c.says == "") {
			t.Errorf("%s: got %+v", what, end)
		}
		if end.err != nil && (!strings.Contains(end.err.Error(), c.says) || len(end.err.Error()) > 1000) {
			t.Errorf("%s: got %v", what, end.err)
		}
	}
}

func started(t *testing.T) bench {
	t.Helper()
	b := newBench(t)
	if err := b.Start(t.Context(), imageLaunch()); err != nil {
		t.Fatal(err)
	}
	return b
}

func TestWaitLastsUntilTheChaincodeIsStopped(t *testing.T) {
	b := started(t)
	ended := waiting(b, t.Context())
	notYet(t, ended)
	if err := b.Stop(t.Context(), packageID); err != nil {
		t.Fatal(err)
	}
	if end := within(t, ended); end.exitCode != 0 || end.err != nil {
		t.Errorf("got %+v", end)
	}
}

func TestWaitEndsWhenTheDeploymentIsScaledToZero(t *testing.T) {
	b := started(t)
	ended := waiting(b, t.Context())
	notYet(t, ended)
	d := b.found(t)
	zero := int32(0)
	d.Spec.Replicas = &zero
	if _, err := b.client.AppsV1().Deployments("selvedge-net-supply").Update(t.Context(), d, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	if end := within(t, ended); end.err != nil {
		t.Errorf("got %+v", end)
	}
}

func TestWaitTellsWhyAPodCannotStart(t *testing.T) {
	b := started(t)
	ended := waiting(b, t.Context())
	notYet(t, ended)
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "pod", Namespace: "selvedge-net-supply", Labels: b.found(t).Spec.Template.Labels}}
	pods := b.client.CoreV1().Pods("selvedge-net-supply")
	if _, err := pods.Create(t.Context(), pod, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	notYet(t, ended)
	pod.Status.ContainerStatuses = []corev1.ContainerStatus{{
		State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ImagePullBackOff", Message: "manifest unknown"}},
	}}
	if _, err := pods.UpdateStatus(t.Context(), pod, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	if end := within(t, ended); end.err == nil || !strings.Contains(end.err.Error(), "manifest unknown") {
		t.Errorf("got %+v", end)
	}
}

func TestWaitForNothingEndsAtOnce(t *testing.T) {
	if end := within(t, waiting(newBench(t), t.Context())); end.exitCode != 0 || end.err != nil {
		t.Errorf("got %+v", end)
	}
}

func TestWaitEndsWithItsContext(t *testing.T) {
	b := started(t)
	ctx, cancel := context.WithCancel(t.Context())
	ended := waiting(b, ctx)
	notYet(t, ended)
	cancel()
	if end := within(t, ended); !errors.Is(end.err, context.Canceled) {
		t.Errorf("got %+v", end)
	}
}

func TestWaitOutlastsAnAPIServerThatIsAway(t *testing.T) {
	for _, c := range [][2]string{{"list", "deployments"}, {"list", "pods"}} {
		b := started(t)
		b.fails(c[0], c[1], broken, broken, broken, broken, forbidden)
		ctx, cancel := context.WithCancel(t.Context())
		ended := waiting(b, ctx)
		notYet(t, ended)
		if !b.logs.say("Cannot watch deployment") {
			t.Errorf("%v: said %v", c, b.logs.lines)
		}
		cancel()
		within(t, ended)
	}
}

func TestWaitWatchesAgainWhenAWatchIsRefused(t *testing.T) {
	for _, resource := range []string{"deployments", "pods"} {
		b := started(t)
		refused := make(chan struct{}, 1)
		b.refuseWatch(resource, refused)
		ended := waiting(b, t.Context())
		select {
		case <-refused:
		case <-time.After(5 * time.Second):
			t.Fatal("it did not watch")
		}
		notYet(t, ended)
		if err := b.Stop(t.Context(), packageID); err != nil {
			t.Fatal(err)
		}
		within(t, ended)
	}
}

func TestWaitWatchesFromNowAndNotFromTheLastChangeOfTheDeployment(t *testing.T) {
	b := started(t)
	d := b.found(t)
	d.ResourceVersion = "7"
	if err := b.client.Tracker().Update(appsv1.SchemeGroupVersion.WithResource("deployments"), d, "selvedge-net-supply"); err != nil {
		t.Fatal(err)
	}
	var refused atomic.Int32
	b.client.PrependWatchReactor("deployments", func(action ktesting.Action) (bool, watch.Interface, error) {
		if action.(ktesting.WatchActionImpl).ListOptions.ResourceVersion != "7" {
			return false, nil, nil
		}
		refused.Add(1)
		expired := watch.NewFakeWithChanSize(1, false)
		status := apierrors.NewResourceExpired("too old resource version").Status()
		expired.Error(&status)
		return true, expired, nil
	})
	notYet(t, waiting(b, t.Context()))
	if times := refused.Load(); times > 0 {
		t.Errorf("it watched from a version that is too old, %d times", times)
	}
}
