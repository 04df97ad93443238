// Package launcher runs the chaincodes of one Fabric peer as Deployments on the
// node where that peer runs. It knows Kubernetes and nothing of Fabric's own
// packages; the folder overlay adapts it to Fabric.
//
// The four verbs are Fabric's: Build keeps a package, Start launches it, Wait
// lasts as long as it runs, Stop ends it. Fabric launches every committed
// chaincode when a peer starts, and again on a proposal when its registration
// ended. Start is level-triggered: it leaves a pod that is as it should be, and
// replaces one that belongs to an earlier process of the peer.
package launcher

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/util/retry"
)

const (
	fieldManager = "selvedge-peer"
	callTimeout  = 10 * time.Second
)

// patience bridges an API server that restarts: about 10 s, within the time that
// Fabric gives a chaincode to start.
var patience = wait.Backoff{Duration: 200 * time.Millisecond, Factor: 2, Jitter: 0.2, Steps: 6}

// Logger is the part of Fabric's logger the launcher uses.
type Logger interface {
	Infof(format string, args ...any)
	Warnf(format string, args ...any)
}

// Launcher launches the chaincodes of one peer.
type Launcher struct {
	settings Settings
	client   kubernetes.Interface
	log      Logger
	patience wait.Backoff
	// pause is how long a watch waits for an API server that is away.
	pause time.Duration
}

// New makes a launcher that acts through the given client.
func New(settings Settings, client kubernetes.Interface, log Logger) *Launcher {
	return &Launcher{settings: settings, client: client, log: log, patience: patience, pause: callTimeout}
}

// Connect makes a launcher that acts with the service account of the peer's pod.
func Connect(settings Settings, log Logger) (*Launcher, error) {
	config, err := rest.InClusterConfig()
	if err != nil {
		return nil, fmt.Errorf("cannot reach the Kubernetes API: %w", err)
	}
	config.UserAgent = "selvedge-peer"
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("cannot reach the Kubernetes API: %w", err)
	}
	return New(settings, client, log), nil
}

// Build reads code.tar.gz of a package and keeps its files on the peer's volume.
// It fails for a package that cannot be launched, so that Fabric refuses to
// install it.
func (l *Launcher) Build(packageID, packageType string, code io.Reader) (Chaincode, error) {
	return readPackage(l.settings.PackageFolder, packageID, packageType, code)
}

// Start launches a chaincode, in place of an earlier launch if there was one. It
// returns as soon as Kubernetes has the order; Wait tells how it went.
func (l *Launcher) Start(ctx context.Context, launch Launch) error {
	desired, err := buildDeployment(l.settings, launch)
	if err != nil {
		return err
	}
	previous, err := l.deployment(ctx, desired.Name)
	if err != nil {
		return err
	}
	if previous != nil && previous.Labels[LabelPeer] != l.settings.PodName {
		return fmt.Errorf("deployment %s belongs to another peer: %q", desired.Name, previous.Labels[LabelPeer])
	}
	if err := l.createSecret(ctx, desired.Name, launch); err != nil {
		return err
	}
	if err := l.apply(ctx, desired); err != nil {
		return err
	}
	l.clean(ctx, desired, previous)
	l.log.Infof("Launched chaincode %s as deployment %s beside %s", launch.Chaincode.PackageID, desired.Name, l.settings.PodName)
	return nil
}

// Stop removes a chaincode. One that is not there is fine.
func (l *Launcher) Stop(ctx context.Context, packageID string) error {
	name := workloadName(l.settings.PodName, packageID)
	previous, err := l.deployment(ctx, name)
	if err != nil || previous == nil {
		return err
	}
	err = l.try(ctx, func(ctx context.Context) error {
		return l.client.AppsV1().Deployments(l.settings.Namespace).Delete(ctx, name, metav1.DeleteOptions{})
	})
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("cannot delete deployment %s: %w", name, err)
	}
	l.deleteSecrets(ctx, secretsOf(previous))
	l.log.Infof("Stopped chaincode %s", packageID)
	return nil
}

// deployment returns nil when there is none.
func (l *Launcher) deployment(ctx context.Context, name string) (found *appsv1.Deployment, err error) {
	err = l.try(ctx, func(ctx context.Context) (err error) {
		found, err = l.client.AppsV1().Deployments(l.settings.Namespace).Get(ctx, name, metav1.GetOptions{})
		return err
	})
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read deployment %s: %w", name, err)
	}
	return found, nil
}

func (l *Launcher) createSecret(ctx context.Context, workload string, launch Launch) error {
	name := secretName(workload, launchID(launch.Connection))
	labels := labelsOf(l.settings, launch.Chaincode.PackageID)
	secret := buildSecret(l.settings, name, labels, launch.Connection)
	err := l.try(ctx, func(ctx context.Context) error {
		_, err := l.client.CoreV1().Secrets(l.settings.Namespace).Create(ctx, secret, metav1.CreateOptions{FieldManager: fieldManager})
		return err
	})
	// The name holds a hash of the certificate: what exists is this very pair.
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("cannot create secret %s: %w", name, err)
	}
	return nil
}

func (l *Launcher) apply(ctx context.Context, desired *appsv1.Deployment) error {
	body, err := json.Marshal(desired)
	if err != nil {
		return err
	}
	force := true
	err = l.try(ctx, func(ctx context.Context) error {
		_, err := l.client.AppsV1().Deployments(l.settings.Namespace).Patch(ctx, desired.Name, types.ApplyPatchType, body,
			metav1.PatchOptions{FieldManager: fieldManager, Force: &force})
		return err
	})
	if err != nil {
		return fmt.Errorf("cannot apply deployment %s: %w", desired.Name, err)
	}
	return nil
}

// clean removes what an earlier launch left. Its failures do not fail a launch:
// what it misses goes with the peer's pod.
func (l *Launcher) clean(ctx context.Context, current, previous *appsv1.Deployment) {
	if previous == nil {
		return
	}
	kept := secretsOf(current)
	l.deleteSecrets(ctx, slices.DeleteFunc(secretsOf(previous), func(name string) bool { return slices.Contains(kept, name) }))
	l.releaseStranded(ctx, current)
}

// releaseStranded force-deletes pods of earlier launches on other nodes. The peer
// is here, so they serve no one; and on a node that is lost they would never end
// by themselves, while the new launch waits for them to.
func (l *Launcher) releaseStranded(ctx context.Context, current *appsv1.Deployment) {
	pods, err := l.pods(ctx, current.Spec.Selector.MatchLabels)
	if err != nil {
		l.log.Warnf("Cannot look for stranded pods of %s: %s", current.Name, err)
		return
	}
	now := int64(0)
	for _, pod := range pods {
		if !stranded(pod, current.Labels[LabelLaunch], l.settings.NodeName) {
			continue
		}
		err := l.try(ctx, func(ctx context.Context) error {
			return l.client.CoreV1().Pods(l.settings.Namespace).Delete(ctx, pod.Name, metav1.DeleteOptions{GracePeriodSeconds: &now})
		})
		if err != nil && !apierrors.IsNotFound(err) {
			l.log.Warnf("Cannot delete pod %s, left on node %s: %s", pod.Name, pod.Spec.NodeName, err)
		}
	}
}

func stranded(pod corev1.Pod, launch, node string) bool {
	return pod.Labels[LabelLaunch] != launch && pod.Spec.NodeName != "" && pod.Spec.NodeName != node
}

func (l *Launcher) pods(ctx context.Context, selector map[string]string) (found []corev1.Pod, err error) {
	err = l.try(ctx, func(ctx context.Context) error {
		list, err := l.client.CoreV1().Pods(l.settings.Namespace).List(ctx, metav1.ListOptions{LabelSelector: labels.FormatLabels(selector)})
		if err == nil {
			found = list.Items
		}
		return err
	})
	return found, err
}

func (l *Launcher) deleteSecrets(ctx context.Context, names []string) {
	for _, name := range names {
		err := l.try(ctx, func(ctx context.Context) error {
			return l.client.CoreV1().Secrets(l.settings.Namespace).Delete(ctx, name, metav1.DeleteOptions{})
		})
		if err != nil && !apierrors.IsNotFound(err) {
			l.log.Warnf("Cannot delete secret %s: %s", name, err)
		}
	}
}

// secretsOf reads the names from the Deployment, because a peer may not list or
// read the Secrets of its namespace.
func secretsOf(d *appsv1.Deployment) []string {
	var names []string
	for _, volume := range d.Spec.Template.Spec.Volumes {
		if volume.Secret != nil {
			names = append(names, volume.Secret.SecretName)
		}
	}
	return names
}

// try gives each call a deadline and repeats it while the API server is away.
func (l *Launcher) try(ctx context.Context, call func(context.Context) error) error {
	return retry.OnError(l.patience, func(err error) bool { return ctx.Err() == nil && transient(err) }, func() error {
		ctx, cancel := context.WithTimeout(ctx, callTimeout)
		defer cancel()
		return call(ctx)
	})
}

// transient is any error that is no answer of the API server, and those answers
// that ask to come again.
func transient(err error) bool {
	if reason := apierrors.ReasonForError(err); reason == metav1.StatusReasonUnknown {
		return true
	}
	return apierrors.IsServerTimeout(err) || apierrors.IsTimeout(err) || apierrors.IsTooManyRequests(err) ||
		apierrors.IsServiceUnavailable(err) || apierrors.IsInternalError(err)
}
