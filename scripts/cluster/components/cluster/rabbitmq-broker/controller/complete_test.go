package main

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"knative.dev/eventing-rabbitmq/pkg/reconciler/broker/resources"
	eventingv1 "knative.dev/eventing/pkg/apis/eventing/v1"
)

// What the controller itself makes for a Broker's ingress.
func ingress() *appsv1.Deployment {
	broker := &eventingv1.Broker{}
	broker.Name, broker.Namespace = "default", "selvedge"
	return resources.MakeIngressDeployment(&resources.IngressArgs{Broker: broker, Image: "ingress"})
}

type recorder struct{ body string }

func (r *recorder) RoundTrip(request *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(request.Body)
	r.body = string(body)
	return &http.Response{StatusCode: 200}, err
}

// send gives what arrives of a request that is sent through completing.
func send(t *testing.T, method, path, body string) string {
	t.Helper()
	arrived := &recorder{}
	request, err := http.NewRequest(method, "http://kubernetes"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := (completing{arrived}).RoundTrip(request); err != nil {
		t.Fatal(err)
	}
	return arrived.body
}

func TestADeploymentIsCompletedOnItsWay(t *testing.T) {
	made, err := json.Marshal(ingress())
	if err != nil {
		t.Fatal(err)
	}
	for method, path := range map[string]string{"POST": "", "PUT": "/default-broker-ingress"} {
		arrived := send(t, method, "/apis/apps/v1/namespaces/selvedge/deployments"+path, string(made))
		var deployment appsv1.Deployment
		if err := json.Unmarshal([]byte(arrived), &deployment); err != nil {
			t.Fatal(err)
		}
		pod := deployment.Spec.Template.Spec
		if pod.SecurityContext.SeccompProfile.Type != corev1.SeccompProfileTypeRuntimeDefault {
			t.Errorf("%s: seccomp is %v", method, pod.SecurityContext.SeccompProfile)
		}
		if *deployment.Spec.Replicas != 2 || pod.Containers[0].ReadinessProbe == nil {
			t.Errorf("%s: the ingress is not ready for the loss of a node", method)
		}
	}
}

func TestTheControllerSeesNoDifferenceInWhatWasCompleted(t *testing.T) {
	current := ingress()
	complete(current)
	if !equality.Semantic.DeepDerivative(ingress().Spec.Template, current.Spec.Template) {
		t.Error("it would write again and again")
	}
}

func TestADispatcherStaysOne(t *testing.T) {
	dispatcher := ingress()
	dispatcher.Spec.Replicas = nil
	dispatcher.Spec.Template.Labels = map[string]string{roleLabel: "dispatcher"}
	complete(dispatcher)
	if dispatcher.Spec.Replicas != nil {
		t.Errorf("it has %d replicas", *dispatcher.Spec.Replicas)
	}
}

func TestAllElsePassesAsItIs(t *testing.T) {
	for name, request := range map[string][3]string{
		"another kind":           {"POST", "/api/v1/namespaces/selvedge/services", `{"spec":{}}`},
		"the status":             {"PUT", "/apis/apps/v1/namespaces/selvedge/deployments/one/status", `{}`},
		"a patch":                {"PATCH", "/apis/apps/v1/namespaces/selvedge/deployments/one", `{"spec":1}`},
		"a read, without a body": {"GET", "/apis/apps/v1/namespaces/selvedge/deployments", ""},
	} {
		if arrived := send(t, request[0], request[1], request[2]); arrived != request[2] {
			t.Errorf("%s: %s", name, arrived)
		}
	}
}

func TestADeploymentOfSomethingElseIsLeftAlone(t *testing.T) {
	deployment := ingress()
	deployment.Spec.Template.Labels = nil
	complete(deployment)
	if deployment.Spec.Template.Spec.SecurityContext != nil {
		t.Error("it was changed")
	}
}
