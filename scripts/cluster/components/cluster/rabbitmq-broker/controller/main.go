// Knative's RabbitMQ Broker controller, as its own main runs it, but for one thing: what it deploys is completed
// (see complete.go) on its way to the API server, for the controller has no setting for any of that.
package main

import (
	"net/http"

	"knative.dev/eventing-rabbitmq/pkg/reconciler/broker"
	"knative.dev/eventing-rabbitmq/pkg/reconciler/trigger"
	"knative.dev/pkg/injection"
	"knative.dev/pkg/injection/sharedmain"
	"knative.dev/pkg/signals"
)

func main() {
	config := injection.ParseAndGetRESTConfigOrDie()
	// The default is protobuf, which completing does not read.
	config.ContentType = "application/json"
	config.Wrap(func(next http.RoundTripper) http.RoundTripper { return completing{next} })
	sharedmain.MainWithConfig(signals.NewContext(), broker.ComponentName, config,
		broker.NewController, trigger.NewController)
}
