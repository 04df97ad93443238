package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
)

// Says of a pod what it does for a Broker: ingress or dispatcher.
const roleLabel = "eventing.knative.dev/brokerRole"

var deployments = regexp.MustCompile(`^/apis/apps/v1/namespaces/[^/]+/deployments(/[^/]+)?$`)

// completing completes each Deployment of a Broker that is written through it.
type completing struct{ next http.RoundTripper }

func (c completing) RoundTrip(request *http.Request) (*http.Response, error) {
	writes := request.Method == http.MethodPost || request.Method == http.MethodPut
	if !writes || !deployments.MatchString(request.URL.Path) {
		return c.next.RoundTrip(request)
	}
	body, err := io.ReadAll(request.Body)
	request.Body.Close()
	if err != nil {
		return nil, err
	}
	completed, err := completeBody(body)
	if err != nil {
		return nil, err
	}
	written := request.Clone(request.Context())
	written.ContentLength = int64(len(completed))
	written.Body = io.NopCloser(bytes.NewReader(completed))
	written.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(completed)), nil }
	return c.next.RoundTrip(written)
}

func completeBody(body []byte) ([]byte, error) {
	var deployment appsv1.Deployment
	if err := json.Unmarshal(body, &deployment); err != nil {
		return nil, fmt.Errorf("the Deployment is no JSON: %w", err)
	}
	complete(&deployment)
	return json.Marshal(&deployment)
}

// complete makes the pods of a Broker pass Pod Security "restricted", and puts two on two nodes of what an event
// passes. The controller compares only what it sets itself, so none of this makes it write again.
func complete(deployment *appsv1.Deployment) {
	template := &deployment.Spec.Template
	role := template.Labels[roleLabel]
	if role == "" {
		return
	}
	pod := &template.Spec
	pod.SecurityContext = &corev1.PodSecurityContext{
		RunAsNonRoot:   ptr.To(true),
		SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
	}
	pod.AutomountServiceAccountToken = ptr.To(false)
	pod.EnableServiceLinks = ptr.To(false)
	if role == "ingress" || role == "dispatcher" && mayBeTwo(pod.Containers[0].Env) {
		deployment.Spec.Replicas = ptr.To(int32(2))
		pod.TopologySpreadConstraints = []corev1.TopologySpreadConstraint{overNodes(template.Labels)}
	}
	if role == "ingress" {
		// It listens once it has a connection to RabbitMQ.
		pod.Containers[0].ReadinessProbe = &corev1.Probe{
			ProbeHandler:  corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Port: intstr.FromInt32(8080)}},
			PeriodSeconds: 2,
		}
	}
}

// mayBeTwo says whether two dispatchers may share a queue. Of a Trigger with one event at a time they would break the
// order; and nobody waits for dead letters.
func mayBeTwo(env []corev1.EnvVar) bool {
	told := map[string]string{}
	for _, variable := range env {
		told[variable.Name] = variable.Value
	}
	return told["PARALLELISM"] != "1" && told["DLX"] == ""
}

// overNodes spreads the pods of one Deployment: all dispatchers of a Broker have the same labels. On a node that is
// lost none is counted, so that a successor finds its place.
func overNodes(labels map[string]string) corev1.TopologySpreadConstraint {
	return corev1.TopologySpreadConstraint{
		MaxSkew:           1,
		TopologyKey:       corev1.LabelHostname,
		WhenUnsatisfiable: corev1.DoNotSchedule,
		NodeTaintsPolicy:  ptr.To(corev1.NodeInclusionPolicyHonor),
		MatchLabelKeys:    []string{appsv1.DefaultDeploymentUniqueLabelKey},
		LabelSelector:     &metav1.LabelSelector{MatchLabels: labels},
	}
}
