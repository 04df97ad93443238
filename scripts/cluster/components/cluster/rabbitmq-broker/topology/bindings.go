package main

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"

	topology "github.com/rabbitmq/messaging-topology-operator/api/v1beta1"
	"github.com/rabbitmq/messaging-topology-operator/controllers"
	"github.com/rabbitmq/messaging-topology-operator/rabbitmqclient"
)

// bindings makes what a queue asks of an exchange. A Trigger that asks for something else asks for it instead; to
// RabbitMQ that is another binding beside the first, so the first is removed.
type bindings struct{ controllers.BindingReconciler }

func (b *bindings) DeclareFunc(
	ctx context.Context, client rabbitmqclient.Client, resource topology.TopologyResource,
) error {
	if err := b.BindingReconciler.DeclareFunc(ctx, client, resource); err != nil {
		return err
	}
	asked := resource.(*topology.Binding).Spec
	arguments := map[string]any{}
	if asked.Arguments != nil {
		if err := json.Unmarshal(asked.Arguments.Raw, &arguments); err != nil {
			return err
		}
	}
	known, err := client.ListQueueBindingsBetween(asked.Vhost, asked.Source, asked.Destination)
	if err != nil {
		return err
	}
	for _, one := range known {
		if reflect.DeepEqual(one.Arguments, arguments) {
			continue
		}
		if _, err := client.DeleteBinding(asked.Vhost, one); err != nil {
			return fmt.Errorf("an earlier binding of %s is still there: %w", asked.Destination, err)
		}
	}
	return nil
}
