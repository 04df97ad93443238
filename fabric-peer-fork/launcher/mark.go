package launcher

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
)

// Mark keeps the readiness gate of a launch's pods at what the relay says: true for
// the pod at the last address, false for every other and while the address is "".
// It returns when the channel is closed. Pods without the gate answer probes of
// their own and are left alone.
//
// It tries until it is done: a pod that has just connected may not be listed with its
// address yet, and an API server may be away.
func (l *Launcher) Mark(connection Connection, addresses <-chan string) {
	launch := launchID(connection)
	var address string
	var pauses wait.Backoff
	var again <-chan time.Time
	for {
		select {
		case next, open := <-addresses:
			if !open {
				return
			}
			address, pauses = next, wait.Backoff{Duration: l.pause / 40, Factor: 2, Steps: 6, Cap: l.pause}
		case <-again:
		}
		again = nil
		if err := l.mark(context.Background(), launch, address); err != nil {
			if !errors.Is(err, errNotListed) {
				l.log.Warnf("Cannot mark the pods of launch %s: %s", launch, err)
			}
			again = time.After(pauses.Step())
		}
	}
}

var errNotListed = errors.New("no pod is listed with that address")

func (l *Launcher) mark(ctx context.Context, launch, address string) error {
	pods, err := l.pods(ctx, map[string]string{LabelPeer: l.settings.PodName, LabelLaunch: launch})
	if err != nil {
		return err
	}
	listed := address == ""
	for _, pod := range pods {
		registered := has(pod, address)
		listed = listed || registered
		if !gated(pod) || isMarked(pod, registered) {
			continue
		}
		if err := l.patchGate(ctx, pod, registered); err != nil {
			return err
		}
	}
	if !listed {
		return errNotListed
	}
	return nil
}

func (l *Launcher) patchGate(ctx context.Context, pod corev1.Pod, registered bool) error {
	body, err := json.Marshal(map[string]any{
		"metadata": map[string]any{"uid": pod.UID}, // another pod of that name is another's business
		"status":   map[string]any{"conditions": []corev1.PodCondition{gate(registered)}},
	})
	if err != nil {
		return err
	}
	err = l.try(ctx, func(ctx context.Context) error {
		_, err := l.client.CoreV1().Pods(l.settings.Namespace).Patch(ctx, pod.Name, types.StrategicMergePatchType, body,
			metav1.PatchOptions{FieldManager: fieldManager}, "status")
		return err
	})
	if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) {
		return fmt.Errorf("cannot patch the status of pod %s: %w", pod.Name, err)
	}
	return nil
}

func gate(registered bool) corev1.PodCondition {
	condition := corev1.PodCondition{
		Type:               ConditionRegistered,
		Status:             corev1.ConditionFalse,
		Reason:             "NotConnected",
		LastTransitionTime: metav1.Now(),
	}
	if registered {
		condition.Status = corev1.ConditionTrue
		condition.Reason = "Connected"
	}
	return condition
}

func gated(pod corev1.Pod) bool {
	return slices.ContainsFunc(pod.Spec.ReadinessGates, func(gate corev1.PodReadinessGate) bool {
		return gate.ConditionType == ConditionRegistered
	})
}

func has(pod corev1.Pod, address string) bool {
	if address == "" || pod.DeletionTimestamp != nil {
		return false
	}
	return pod.Status.PodIP == address ||
		slices.ContainsFunc(pod.Status.PodIPs, func(ip corev1.PodIP) bool { return ip.IP == address })
}

// isMarked takes a pod without the condition for one that is marked false.
func isMarked(pod corev1.Pod, registered bool) bool {
	is := slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == ConditionRegistered && c.Status == corev1.ConditionTrue
	})
	return is == registered
}
