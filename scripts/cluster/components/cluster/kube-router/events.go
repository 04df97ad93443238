package main

import (
	"reflect"

	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	"k8s.io/client-go/tools/cache"

	"selvedge.dev/cluster/kube-router/pace"
)

// tells of what is new, changed or gone, if it matters for rules.
func tells(changed *pace.Pace, matters func(old, new any) bool) cache.ResourceEventHandler {
	return cache.ResourceEventHandlerFuncs{
		AddFunc: func(added any) {
			if pod, ok := added.(*core.Pod); !ok || pod.Status.PodIP != "" {
				changed.Ask()
			}
		},
		DeleteFunc: func(any) { changed.Ask() },
		UpdateFunc: func(old, new any) {
			if matters(old, new) {
				changed.Ask()
			}
		},
	}
}

// A pod comes under rules by its labels, has them at its address, and no longer once it has ended.
func podMatters(old, new any) bool {
	before, after := old.(*core.Pod), new.(*core.Pod)
	return before.Status.Phase != after.Status.Phase ||
		before.Status.HostIP != after.Status.HostIP ||
		!reflect.DeepEqual(before.Status.PodIPs, after.Status.PodIPs) ||
		!reflect.DeepEqual(before.Labels, after.Labels)
}

func namespaceMatters(old, new any) bool {
	return !reflect.DeepEqual(old.(*core.Namespace).Labels, new.(*core.Namespace).Labels)
}

func policyMatters(old, new any) bool {
	return !reflect.DeepEqual(old.(*networking.NetworkPolicy).Spec, new.(*networking.NetworkPolicy).Spec)
}
