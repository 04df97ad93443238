package launcher

import (
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

const (
	containerName = "chaincode"

	// runtimePort answers probes in the runtime image of type node: /readyz is
	// 200 while the chaincode is registered with its peer.
	runtimePort = 8080

	// nonRoot is the user of our images.
	nonRoot = int64(65532)
)

// Launch is what one start of a chaincode is made of.
type Launch struct {
	Chaincode  Chaincode
	Connection Connection
	MSPID      string
	// Environment holds further NAME=value pairs, such as log levels.
	Environment []string
}

// ownerReference makes what the launcher makes go with the peer's pod. The pod
// and not its StatefulSet: a chaincode can talk to no other pod than the one that
// launched it, at whose address the authority that signed its certificate lives in
// memory only. So there is no continuity to lose, and a chaincode whose
// peer is gone, whether moved, scaled down or lost with its node, is collected
// instead of lingering. The peer's next pod launches its chaincodes when it
// starts.
func ownerReference(s Settings) metav1.OwnerReference {
	return metav1.OwnerReference{APIVersion: "v1", Kind: "Pod", Name: s.PodName, UID: s.PodUID}
}

func labelsOf(s Settings, packageID string) map[string]string {
	label, hash := splitPackageID(packageID)
	return map[string]string{
		LabelNetwork:      s.Network,
		LabelOrganization: s.Organization,
		LabelComponent:    componentChaincode,
		LabelPeer:         s.PodName,
		LabelChaincode:    labelValue(label),
		LabelPackage:      hash[:min(16, len(hash))],
	}
}

// selectorOf is the part of the labels that tells one chaincode of one peer from
// every other; a Deployment's selector can never change.
func selectorOf(labels map[string]string) map[string]string {
	return pick(labels, LabelNetwork, LabelComponent, LabelPeer, LabelChaincode, LabelPackage)
}

// buildDeployment is the Deployment of a launch. It is pure: same input, same
// object.
func buildDeployment(s Settings, l Launch) (*appsv1.Deployment, error) {
	labels := labelsOf(s, l.Chaincode.PackageID)
	launched := merge(labels, map[string]string{LabelLaunch: launchID(l.Connection)})
	annotations := map[string]string{AnnotationPackageID: l.Chaincode.PackageID}
	pod, err := buildPod(s, l)
	if err != nil {
		return nil, err
	}
	one := int32(1)
	none := int32(0)
	return &appsv1.Deployment{
		TypeMeta: metav1.TypeMeta{APIVersion: "apps/v1", Kind: "Deployment"},
		ObjectMeta: metav1.ObjectMeta{
			Name:            workloadName(s.PodName, l.Chaincode.PackageID),
			Namespace:       s.Namespace,
			Labels:          launched,
			Annotations:     annotations,
			OwnerReferences: []metav1.OwnerReference{ownerReference(s)},
		},
		Spec: appsv1.DeploymentSpec{
			Replicas:             &one,
			RevisionHistoryLimit: &none,
			Selector:             &metav1.LabelSelector{MatchLabels: selectorOf(labels)},
			// The peer takes one registration per chaincode and refuses a second:
			// the pod of the last launch has to be gone before the next one starts.
			Strategy: appsv1.DeploymentStrategy{Type: appsv1.RecreateDeploymentStrategyType},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: launched, Annotations: annotations},
				Spec:       pod,
			},
		},
	}, nil
}

func buildPod(s Settings, l Launch) (corev1.PodSpec, error) {
	no, yes := false, true
	grace := int64(1) // a chaincode keeps no state: the peer holds it all
	pod := corev1.PodSpec{
		Affinity:                      besidePeer(s),
		ServiceAccountName:            AccountChaincode,
		AutomountServiceAccountToken:  &no,
		EnableServiceLinks:            &no,
		TerminationGracePeriodSeconds: &grace,
		Tolerations:                   tolerations(),
		SecurityContext: &corev1.PodSecurityContext{
			RunAsNonRoot:   &yes,
			SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
		},
		Volumes: []corev1.Volume{emptyVolume(volumeScratch)},
	}
	if s.PullSecret != "" {
		pod.ImagePullSecrets = []corev1.LocalObjectReference{{Name: s.PullSecret}}
	}
	container := buildContainer(s, l)
	mountSecret(&pod, &container, secretName(workloadName(s.PodName, l.Chaincode.PackageID), launchID(l.Connection)))
	if l.Chaincode.Image == "" {
		if err := runSource(s, l.Chaincode, &pod, &container); err != nil {
			return pod, err
		}
	} else {
		// An image of someone's own answers no probe: the relay says whether it serves.
		pod.ReadinessGates = []corev1.PodReadinessGate{{ConditionType: ConditionRegistered}}
	}
	pod.Containers = []corev1.Container{container}
	return pod, nil
}

func buildContainer(s Settings, l Launch) corev1.Container {
	yes, no := true, false
	return corev1.Container{
		Name:            containerName,
		Image:           l.Chaincode.Image,
		ImagePullPolicy: corev1.PullIfNotPresent,
		Env:             environment(l.Chaincode.PackageID, l.MSPID, l.Environment, l.Connection),
		Resources: corev1.ResourceRequirements{
			Requests: corev1.ResourceList{corev1.ResourceCPU: s.CPU, corev1.ResourceMemory: s.Memory},
			Limits:   corev1.ResourceList{corev1.ResourceMemory: s.MemoryLimit},
		},
		SecurityContext: &corev1.SecurityContext{
			AllowPrivilegeEscalation: &no,
			ReadOnlyRootFilesystem:   &yes,
			Capabilities:             &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
		},
		VolumeMounts: []corev1.VolumeMount{{Name: volumeScratch, MountPath: scratchFolder}},
		// A chaincode that dies at start tells Wait, and so the caller, why.
		TerminationMessagePolicy: corev1.TerminationMessageFallbackToLogsOnError,
	}
}

// besidePeer binds the pod to the node of this very peer.
func besidePeer(s Settings) *corev1.Affinity {
	return &corev1.Affinity{PodAffinity: &corev1.PodAffinity{
		RequiredDuringSchedulingIgnoredDuringExecution: []corev1.PodAffinityTerm{{
			LabelSelector: &metav1.LabelSelector{MatchLabels: map[string]string{LabelPodName: s.PodName}},
			TopologyKey:   corev1.LabelHostname,
		}},
	}}
}

// tolerations: where the peer is, the chaincode must be, also on a node that is
// cordoned or short of something. On a node that is lost the pod stays, as its peer
// does: there is nowhere else to go. But a node that is lost gets no new pod, which
// would only be bound to it and never run.
func tolerations() []corev1.Toleration {
	stay := func(key string, effect corev1.TaintEffect) corev1.Toleration {
		return corev1.Toleration{Key: key, Operator: corev1.TolerationOpExists, Effect: effect}
	}
	return []corev1.Toleration{
		stay(corev1.TaintNodeUnschedulable, corev1.TaintEffectNoSchedule),
		stay(corev1.TaintNodeDiskPressure, corev1.TaintEffectNoSchedule),
		stay(corev1.TaintNodeMemoryPressure, corev1.TaintEffectNoSchedule),
		stay(corev1.TaintNodePIDPressure, corev1.TaintEffectNoSchedule),
		stay(corev1.TaintNodeNotReady, corev1.TaintEffectNoExecute),
		stay(corev1.TaintNodeUnreachable, corev1.TaintEffectNoExecute),
	}
}

// mountSecret leaves out fsGroup on purpose: it would make the kubelet change the
// owners of the peer's volume as well. The files are readable inside the pod only.
func mountSecret(pod *corev1.PodSpec, container *corev1.Container, name string) {
	mode := modeWorldReads
	pod.Volumes = append(pod.Volumes, corev1.Volume{Name: volumeTLS, VolumeSource: corev1.VolumeSource{
		Secret: &corev1.SecretVolumeSource{SecretName: name, DefaultMode: &mode},
	}})
	container.VolumeMounts = append(container.VolumeMounts,
		corev1.VolumeMount{Name: volumeTLS, MountPath: tlsFolder, ReadOnly: true})
}

// runSource runs JavaScript from the peer's own volume, which the pod can mount
// because it shares the peer's node.
func runSource(s Settings, c Chaincode, pod *corev1.PodSpec, container *corev1.Container) error {
	folder, err := s.subPath(c.SourceFolder)
	if err != nil {
		return err
	}
	user := nonRoot
	pod.SecurityContext.RunAsUser = &user
	pod.SecurityContext.RunAsGroup = &user
	// The mount and not the volume is read-only: a read-only claim would be
	// mounted apart from the peer's by some storage drivers.
	pod.Volumes = append(pod.Volumes, corev1.Volume{Name: volumeSource, VolumeSource: corev1.VolumeSource{
		PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: s.VolumeClaim},
	}})
	container.Image = s.RuntimeImage
	container.VolumeMounts = append(container.VolumeMounts, corev1.VolumeMount{
		Name: volumeSource, MountPath: sourceFolder, SubPath: folder, ReadOnly: true,
	})
	container.Ports = []corev1.ContainerPort{{Name: "probes", ContainerPort: runtimePort, Protocol: corev1.ProtocolTCP}}
	container.ReadinessProbe = httpProbe("/readyz", 1, 3)
	container.LivenessProbe = httpProbe("/healthz", 10, 6)
	return nil
}

func httpProbe(path string, period, failures int32) *corev1.Probe {
	return &corev1.Probe{
		ProbeHandler:     corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: path, Port: intstr.FromInt32(runtimePort)}},
		PeriodSeconds:    period,
		FailureThreshold: failures,
		TimeoutSeconds:   5,
	}
}

func emptyVolume(name string) corev1.Volume {
	limit := resource.MustParse("64Mi")
	return corev1.Volume{Name: name, VolumeSource: corev1.VolumeSource{
		EmptyDir: &corev1.EmptyDirVolumeSource{SizeLimit: &limit},
	}}
}

func parseEnvironment(pairs []string) []corev1.EnvVar {
	variables := make([]corev1.EnvVar, 0, len(pairs))
	for _, pair := range pairs {
		if name, value, ok := strings.Cut(pair, "="); ok && name != "" {
			// "$(" would be expanded by the kubelet, and log formats hold it.
			variables = append(variables, corev1.EnvVar{Name: name, Value: strings.ReplaceAll(value, "$(", "$$(")})
		}
	}
	return variables
}

func pick(labels map[string]string, keys ...string) map[string]string {
	picked := make(map[string]string, len(keys))
	for _, key := range keys {
		picked[key] = labels[key]
	}
	return picked
}

func merge(one, other map[string]string) map[string]string {
	merged := make(map[string]string, len(one)+len(other))
	for _, labels := range []map[string]string{one, other} {
		for key, value := range labels {
			merged[key] = value
		}
	}
	return merged
}
