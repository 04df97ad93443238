package main

import (
	"fmt"
	"sync"
	"time"

	"github.com/cloudnativelabs/kube-router/v2/pkg/cmd"
	"github.com/cloudnativelabs/kube-router/v2/pkg/controllers/netpol"
	"github.com/cloudnativelabs/kube-router/v2/pkg/healthcheck"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/tools/cache"

	"selvedge.dev/cluster/kube-router/pace"
)

// The least time between two syncs: what a pod waits at most for the firewall, in a rush.
const between = time.Second

// runFirewall keeps this node's rules as NetworkPolicies, pods and namespaces ask, until stop is closed.
func runFirewall(router *cmd.KubeRouter, stop chan struct{}, running *sync.WaitGroup) error {
	factory := informers.NewSharedInformerFactory(router.Client, 0)
	pods := factory.Core().V1().Pods().Informer()
	namespaces := factory.Core().V1().Namespaces().Informer()
	policies := factory.Networking().V1().NetworkPolicies().Informer()
	factory.Start(stop)
	if err := router.CacheSyncOrTimeout(factory, stop); err != nil {
		return err
	}

	handlers, sets, err := netpol.NewIPTablesHandlers(router.Config)
	if err != nil {
		return fmt.Errorf("iptables: %w", err)
	}
	var setsLock sync.Mutex
	firewall, err := netpol.NewNetworkPolicyController(
		router.Client, router.Config, pods, policies, namespaces, &setsLock, handlers, sets)
	if err != nil {
		return err
	}

	changed := pace.New(between, firewall.RequestFullSync)
	for informer, matters := range map[cache.SharedIndexInformer]func(old, new any) bool{
		pods: podMatters, namespaces: namespaceMatters, policies: policyMatters,
	} {
		if _, err := informer.AddEventHandler(tells(changed, matters)); err != nil {
			return err
		}
	}
	heartbeats := make(chan *healthcheck.ControllerHeartbeat)
	running.Add(1)
	go drain(heartbeats, stop)
	go changed.Run(stop)
	go firewall.Run(heartbeats, stop, running)
	return nil
}

// drain takes what the firewall tells of itself: nobody asks for it here.
func drain(heartbeats <-chan *healthcheck.ControllerHeartbeat, stop <-chan struct{}) {
	for {
		select {
		case <-heartbeats:
		case <-stop:
			return
		}
	}
}
