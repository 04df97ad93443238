package launcher

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/watch"
)

// relist bounds how long a change can go unseen on a watch that hangs.
const relist = 5 * time.Minute

// Wait lasts as long as the launch of that chaincode with that connection does, or
// until the context ends. It returns 0 when the chaincode was stopped, scaled to
// zero or launched anew. It returns an error that says why, with the exit code if
// there is one, when the chaincode cannot start: its image cannot be had, or it
// keeps ending. A single crash is the Deployment's business and not the end; nor is
// an API server that is away, for the chaincode runs on without it.
func (l *Launcher) Wait(ctx context.Context, packageID string, connection Connection) (int, error) {
	name := workloadName(l.settings.PodName, packageID)
	launch := launchID(connection)
	for {
		end, err := l.observe(ctx, name, launch)
		if end.over {
			return end.exitCode, end.err
		}
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
		if err != nil {
			l.log.Warnf("Cannot watch deployment %s: %s", name, err)
			select {
			case <-ctx.Done():
			case <-time.After(l.pause):
			}
		}
	}
}

// observe judges what is there, and if it is not the end waits for a change.
func (l *Launcher) observe(ctx context.Context, name, launch string) (ending, error) {
	deployment, version, err := l.listed(ctx, name)
	if err != nil {
		return ending{}, err
	}
	if deployment == nil {
		return ending{over: true}, nil
	}
	pods, err := l.pods(ctx, map[string]string{LabelPeer: l.settings.PodName, LabelLaunch: launch})
	if err != nil {
		return ending{}, err
	}
	if end := outcome(launch, deployment, pods); end.over {
		return end, nil
	}
	return ending{}, l.nextChange(ctx, name, launch, version)
}

// listed returns a Deployment, or nil when there is none, and the version to watch it
// from. That is the list's and not its own: an API server that started after the last
// change of the Deployment knows nothing of a version that old, and would refuse every
// watch from it at once.
func (l *Launcher) listed(ctx context.Context, name string) (found *appsv1.Deployment, version string, err error) {
	err = l.try(ctx, func(ctx context.Context) error {
		list, err := l.client.AppsV1().Deployments(l.settings.Namespace).List(ctx, metav1.ListOptions{FieldSelector: named(name)})
		if err != nil {
			return fmt.Errorf("cannot read deployment %s: %w", name, err)
		}
		version = list.ResourceVersion
		if at := slices.IndexFunc(list.Items, func(d appsv1.Deployment) bool { return d.Name == name }); at >= 0 {
			found = &list.Items[at]
		}
		return nil
	})
	return found, version, err
}

func named(name string) string {
	return fields.OneTermEqualSelector("metadata.name", name).String()
}

type ending struct {
	over     bool
	exitCode int
	err      error
}

// outcome decides whether a launch is over, from what is there.
func outcome(launch string, deployment *appsv1.Deployment, pods []corev1.Pod) ending {
	if deployment.DeletionTimestamp != nil || deployment.Labels[LabelLaunch] != launch {
		return ending{over: true}
	}
	if deployment.Spec.Replicas != nil && *deployment.Spec.Replicas == 0 {
		return ending{over: true}
	}
	for _, pod := range pods {
		if end := podOutcome(&pod); end.over {
			return end
		}
	}
	return ending{}
}

func podOutcome(pod *corev1.Pod) ending {
	for _, status := range pod.Status.ContainerStatuses {
		if end := containerOutcome(status); end.over {
			return end
		}
	}
	return ending{}
}

func containerOutcome(status corev1.ContainerStatus) ending {
	waiting := status.State.Waiting
	if waiting == nil {
		return ending{}
	}
	switch waiting.Reason {
	case "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "CreateContainerConfigError":
		return ending{over: true, exitCode: 1, err: fmt.Errorf("the chaincode cannot start from image %s: %s: %s", status.Image, waiting.Reason, waiting.Message)}
	case "CrashLoopBackOff":
		last := status.LastTerminationState.Terminated
		if last == nil {
			return ending{}
		}
		return ending{over: true, exitCode: int(last.ExitCode), err: fmt.Errorf("the chaincode keeps ending, with exit code %d: %s", last.ExitCode, lastLines(last.Message))}
	}
	return ending{}
}

// lastLines keeps an error readable: the end of a log is where its cause is.
func lastLines(message string) string {
	const most = 600
	message = strings.TrimSpace(message)
	if len(message) > most {
		message = "…" + message[len(message)-most:]
	}
	return message
}

// nextChange returns when the Deployment or a pod of the launch may have changed.
func (l *Launcher) nextChange(ctx context.Context, name, launch, resourceVersion string) error {
	timer := time.NewTimer(relist)
	defer timer.Stop()
	deployments, err := l.watch(ctx, func(ctx context.Context) (watch.Interface, error) {
		return l.client.AppsV1().Deployments(l.settings.Namespace).Watch(ctx, metav1.ListOptions{
			FieldSelector:   named(name),
			ResourceVersion: resourceVersion,
		})
	})
	if err != nil {
		return err
	}
	defer deployments.Stop()
	// A watch of pods without a version begins with every pod there is, so that
	// none of their changes is lost between the list and the watch. They were
	// judged already; only what differs from them counts as a change.
	pods, err := l.watch(ctx, func(ctx context.Context) (watch.Interface, error) {
		return l.client.CoreV1().Pods(l.settings.Namespace).Watch(ctx, metav1.ListOptions{
			LabelSelector: labels.FormatLabels(map[string]string{LabelPeer: l.settings.PodName, LabelLaunch: launch}),
		})
	})
	if err != nil {
		return err
	}
	defer pods.Stop()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-timer.C:
			return nil
		case <-deployments.ResultChan():
			return nil
		case event, open := <-pods.ResultChan():
			if pod, ok := event.Object.(*corev1.Pod); !open || !ok || podOutcome(pod).over {
				return nil
			}
		}
	}
}

func (l *Launcher) watch(ctx context.Context, open func(context.Context) (watch.Interface, error)) (opened watch.Interface, err error) {
	err = l.try(ctx, func(context.Context) (err error) {
		// The call's own deadline would end the watch: it lasts as long as ctx.
		opened, err = open(ctx)
		return err
	})
	return opened, err
}
