package main

import (
	"context"
	"errors"
	"net/http"
	"testing"

	rabbithole "github.com/michaelklishin/rabbit-hole/v2"
	topology "github.com/rabbitmq/messaging-topology-operator/api/v1beta1"
	"github.com/rabbitmq/messaging-topology-operator/rabbitmqclient/rabbitmqclientfakes"
	"k8s.io/apimachinery/pkg/runtime"
)

func asking(wakes string) rabbithole.BindingInfo {
	return rabbithole.BindingInfo{
		Source: "broker", Destination: "trigger", PropertiesKey: wakes,
		Arguments: map[string]any{"x-match": "all", "wakes": wakes},
	}
}

// declare makes the binding that asks for what wakes "failover", where RabbitMQ has these; what it gives is removed.
func declare(known []rabbithole.BindingInfo, refusal error) (removed []string, err error) {
	client := &rabbitmqclientfakes.FakeClient{}
	client.DeclareBindingReturns(&http.Response{StatusCode: http.StatusCreated}, nil)
	client.ListQueueBindingsBetweenReturns(known, nil)
	client.DeleteBindingStub = func(_ string, info rabbithole.BindingInfo) (*http.Response, error) {
		removed = append(removed, info.PropertiesKey)
		return &http.Response{StatusCode: http.StatusNoContent}, refusal
	}
	err = (&bindings{}).DeclareFunc(context.Background(), client, &topology.Binding{
		Spec: topology.BindingSpec{
			Source: "broker", Destination: "trigger", DestinationType: "queue",
			Arguments: &runtime.RawExtension{Raw: []byte(`{"x-match":"all","wakes":"failover"}`)},
		},
	})
	return removed, err
}

func TestATriggerAsksForOneThing(t *testing.T) {
	removed, err := declare([]rabbithole.BindingInfo{asking("failover")}, nil)
	if err != nil || len(removed) > 0 {
		t.Errorf("removed %v, %v", removed, err)
	}
}

func TestWhatATriggerAskedForBeforeIsRemoved(t *testing.T) {
	removed, err := declare([]rabbithole.BindingInfo{asking("nobody"), asking("failover")}, nil)
	if err != nil || len(removed) != 1 || removed[0] != "nobody" {
		t.Errorf("removed %v, %v", removed, err)
	}
}

func TestItIsTriedAgainWhenThatCannotBeRemoved(t *testing.T) {
	if _, err := declare([]rabbithole.BindingInfo{asking("nobody")}, errors.New("busy")); err == nil {
		t.Error("nobody would notice")
	}
}
