// RabbitMQ's messaging topology operator with what Knative's Broker asks of it: exchanges, queues, bindings and
// policies of one namespace. Upstream's own main also runs nine other controllers, one of which watches every Secret;
// here the one Secret with the connection is read when it is needed, and only that is a right the operator must have.
package main

import (
	"os"

	topology "github.com/rabbitmq/messaging-topology-operator/api/v1beta1"
	"github.com/rabbitmq/messaging-topology-operator/controllers"
	"github.com/rabbitmq/messaging-topology-operator/rabbitmqclient"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
)

// The kinds, each with what makes one in RabbitMQ.
var kinds = map[string]struct {
	object  topology.TopologyResource
	ensures controllers.ReconcileFunc
}{
	controllers.ExchangeControllerName: {&topology.Exchange{}, &controllers.ExchangeReconciler{}},
	controllers.QueueControllerName:    {&topology.Queue{}, &controllers.QueueReconciler{}},
	controllers.BindingControllerName:  {&topology.Binding{}, &bindings{}},
	controllers.PolicyControllerName:   {&topology.Policy{}, &controllers.PolicyReconciler{}},
}

func run() error {
	known := runtime.NewScheme()
	utilruntime.Must(scheme.AddToScheme(known))
	utilruntime.Must(topology.AddToScheme(known))
	manager, err := ctrl.NewManager(ctrl.GetConfigOrDie(), options(known))
	if err != nil {
		return err
	}
	for name, kind := range kinds {
		reconciler := &controllers.TopologyReconciler{
			Client:                manager.GetClient(),
			Type:                  kind.object,
			Log:                   ctrl.Log.WithName(name),
			Scheme:                known,
			Recorder:              manager.GetEventRecorderFor(name),
			RabbitmqClientFactory: rabbitmqclient.RabbitholeClientFactory,
			ReconcileFunc:         kind.ensures,
		}
		if err := reconciler.SetupWithManager(manager); err != nil {
			return err
		}
	}
	if err := manager.AddReadyzCheck("running", healthz.Ping); err != nil {
		return err
	}
	return manager.Start(ctrl.SetupSignalHandler())
}

// Two at once do no harm: what is made is made by name. So nobody need be elected.
func options(known *runtime.Scheme) ctrl.Options {
	return ctrl.Options{
		Scheme:                 known,
		Metrics:                server.Options{BindAddress: "0"},
		HealthProbeBindAddress: ":8081",
		Cache:                  cache.Options{DefaultNamespaces: map[string]cache.Config{os.Getenv("NAMESPACE"): {}}},
		Client:                 client.Options{Cache: &client.CacheOptions{DisableFor: []client.Object{&corev1.Secret{}}}},
	}
}

func main() {
	logger := zap.New()
	ctrl.SetLogger(logger)
	klog.SetLogger(logger)
	if err := run(); err != nil {
		logger.Error(err, "ended")
		os.Exit(1)
	}
}
