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
	triggers "knative.dev/eventing-rabbitmq/pkg/reconciler/trigger/resources"
	eventingv1 "knative.dev/eventing/pkg/apis/eventing/v1"
	"knative.dev/pkg/apis"
	duckv1 "knative.dev/pkg/apis/duck/v1"
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
	for _, make := range []func() *appsv1.Deployment{
		ingress,
		func() *appsv1.Deployment { return dispatcher("100", false) },
	} {
		current := make()
		complete(current)
		if !equality.Semantic.DeepDerivative(make().Spec.Template, current.Spec.Template) {
			t.Errorf("%s: it would write again and again", current.Name)
		}
	}
}

// What the controller itself makes for a Trigger.
func dispatcher(parallelism string, deadLetters bool) *appsv1.Deployment {
	trigger := &eventingv1.Trigger{}
	trigger.Name, trigger.Namespace, trigger.Spec.Broker = "data-put", "selvedge", "default"
	trigger.Annotations = map[string]string{triggers.ParallelismAnnotation: parallelism}
	return triggers.MakeDispatcherDeployment(&triggers.DispatcherArgs{
		Trigger:          trigger,
		Subscriber:       &duckv1.Addressable{URL: apis.HTTP("data-put")},
		BrokerIngressURL: apis.HTTP("broker"),
		DLX:              deadLetters,
	})
}

func TestADispatcherIsTwoUnlessOrderWouldBreak(t *testing.T) {
	for name, one := range map[string]struct {
		made *appsv1.Deployment
		want int32
	}{
		"many events at a time": {dispatcher("100", false), 2},
		"one event at a time":   {dispatcher("1", false), 1},
		"dead letters":          {dispatcher("100", true), 1},
	} {
		complete(one.made)
		spec := one.made.Spec
		if *spec.Replicas != one.want {
			t.Errorf("%s: it has %d replicas", name, *spec.Replicas)
		}
		if spread := spec.Template.Spec.TopologySpreadConstraints; (len(spread) == 1) != (one.want == 2) {
			t.Errorf("%s: it is spread by %v", name, spread)
		}
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
