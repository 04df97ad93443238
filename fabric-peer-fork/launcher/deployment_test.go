package launcher

import (
	"reflect"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
)

var connection = Connection{Address: "10.90.1.7:7053", Certificate: []byte("certificate"), Key: []byte("key"), Root: []byte("root")}

const pinned = "registry.example/trade@sha256:00"

func imageLaunch() Launch {
	return Launch{
		Chaincode:   Chaincode{PackageID: packageID, Image: pinned},
		Connection:  connection,
		MSPID:       "FarmMSP",
		Environment: []string{"CORE_CHAINCODE_LOGGING_LEVEL=info", "FORMAT=%{x} $(NAME)", "malformed"},
	}
}

func nodeLaunch(s Settings) Launch {
	l := imageLaunch()
	l.Chaincode = Chaincode{PackageID: packageID, SourceFolder: s.PackageFolder + "/0123/src"}
	return l
}

func podOf(t *testing.T, s Settings, l Launch) corev1.PodSpec {
	t.Helper()
	deployment, err := buildDeployment(s, l)
	if err != nil {
		t.Fatal(err)
	}
	return deployment.Spec.Template.Spec
}

func TestADeploymentIsBoundToItsPeersPod(t *testing.T) {
	s := settings(t)
	deployment, err := buildDeployment(s, imageLaunch())
	if err != nil {
		t.Fatal(err)
	}
	term := deployment.Spec.Template.Spec.Affinity.PodAffinity.RequiredDuringSchedulingIgnoredDuringExecution[0]
	if term.TopologyKey != "kubernetes.io/hostname" || term.LabelSelector.MatchLabels[LabelPodName] != s.PodName {
		t.Errorf("affinity: %+v", term)
	}
	owner := deployment.OwnerReferences[0]
	if owner.Kind != "Pod" || owner.Name != s.PodName || owner.UID != s.PodUID {
		t.Errorf("owner: %+v", owner)
	}
	if *deployment.Spec.Replicas != 1 || deployment.Spec.Strategy.Type != "Recreate" {
		t.Errorf("two pods of one chaincode could run at once: %+v", deployment.Spec)
	}
}

func TestAPodStaysOnALostNodeAndNoneIsPutThere(t *testing.T) {
	tolerations := podOf(t, settings(t), imageLaunch()).Tolerations
	tolerated := func(key string, effect corev1.TaintEffect) bool {
		return slices.ContainsFunc(tolerations, func(one corev1.Toleration) bool {
			return one.TolerationSeconds == nil && one.ToleratesTaint(&corev1.Taint{Key: key, Effect: effect})
		})
	}
	for _, lost := range []string{"node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"} {
		if !tolerated(lost, corev1.TaintEffectNoExecute) {
			t.Errorf("it is evicted from a node that is %s, and made again, and again", lost)
		}
		if tolerated(lost, corev1.TaintEffectNoSchedule) {
			t.Errorf("it is put on a node that is %s", lost)
		}
	}
	if !tolerated("node.kubernetes.io/unschedulable", corev1.TaintEffectNoSchedule) {
		t.Error("it cannot follow its peer on a node that is cordoned")
	}
	if tolerated("node.kubernetes.io/out-of-service", corev1.TaintEffectNoExecute) {
		t.Error("it is held on a node that was given up")
	}
}

func TestWhatIsMadeCarriesTheLabelsOfTheDesign(t *testing.T) {
	deployment, err := buildDeployment(settings(t), imageLaunch())
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"selvedge.dev/network":      "supply",
		"selvedge.dev/organization": "farm",
		"selvedge.dev/component":    "chaincode",
		"selvedge.dev/peer":         "farm-peer-0",
		"selvedge.dev/chaincode":    "anchor_1.0",
		"selvedge.dev/package":      "3bb0a2b9d8a4f5bd",
		"selvedge.dev/launch":       launchID(connection),
	}
	for what, labels := range map[string]map[string]string{"deployment": deployment.Labels, "pod": deployment.Spec.Template.Labels} {
		if !reflect.DeepEqual(labels, want) {
			t.Errorf("%s: %v", what, labels)
		}
	}
	for name, value := range deployment.Labels {
		if len(validation.IsValidLabelValue(value)) > 0 {
			t.Errorf("label %s: %q", name, value)
		}
	}
	for name, value := range deployment.Spec.Selector.MatchLabels {
		if want[name] != value || name == LabelLaunch {
			t.Errorf("selector %s: %q", name, value)
		}
	}
	if deployment.Annotations[AnnotationPackageID] != packageID {
		t.Errorf("annotations: %v", deployment.Annotations)
	}
}

func TestAPodMeetsTheRestrictedPodSecurityStandard(t *testing.T) {
	s := settings(t)
	for kind, launch := range map[string]Launch{"image": imageLaunch(), "node": nodeLaunch(s)} {
		pod := podOf(t, s, launch)
		c := pod.Containers[0].SecurityContext
		for what, holds := range map[string]bool{
			"no root":             *pod.SecurityContext.RunAsNonRoot,
			"seccomp":             pod.SecurityContext.SeccompProfile.Type == corev1.SeccompProfileTypeRuntimeDefault,
			"no new privileges":   !*c.AllowPrivilegeEscalation,
			"no capabilities":     reflect.DeepEqual(c.Capabilities.Drop, []corev1.Capability{"ALL"}),
			"read-only root":      *c.ReadOnlyRootFilesystem,
			"no token":            !*pod.AutomountServiceAccountToken,
			"no rights":           pod.ServiceAccountName == "chaincode",
			"no change of owners": pod.SecurityContext.FSGroup == nil,
			"memory is limited":   pod.Containers[0].Resources.Limits.Memory().String() == "256Mi",
		} {
			if !holds {
				t.Errorf("%s: %s does not hold", kind, what)
			}
		}
	}
}

func TestAChaincodeIsToldHowToConnect(t *testing.T) {
	container := podOf(t, settings(t), imageLaunch()).Containers[0]
	got := map[string]string{}
	for _, variable := range container.Env {
		got[variable.Name] = variable.Value
	}
	want := map[string]string{
		"CORE_CHAINCODE_ID_NAME":       packageID,
		"CORE_PEER_ADDRESS":            "10.90.1.7:7053",
		"CORE_PEER_LOCALMSPID":         "FarmMSP",
		"CORE_PEER_TLS_ENABLED":        "true",
		"CORE_TLS_CLIENT_KEY_PATH":     "/etc/hyperledger/fabric/client.key",
		"CORE_TLS_CLIENT_CERT_PATH":    "/etc/hyperledger/fabric/client.crt",
		"CORE_TLS_CLIENT_KEY_FILE":     "/etc/hyperledger/fabric/client_pem.key",
		"CORE_TLS_CLIENT_CERT_FILE":    "/etc/hyperledger/fabric/client_pem.crt",
		"CORE_PEER_TLS_ROOTCERT_FILE":  "/etc/hyperledger/fabric/peer.crt",
		"CORE_CHAINCODE_LOGGING_LEVEL": "info",
		"FORMAT":                       "%{x} $$(NAME)",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v", got)
	}
}

func TestTheSecretHoldsTheKeyPairInFabricsTwoForms(t *testing.T) {
	secret := buildSecret(settings(t), "name", nil, connection)
	want := map[string]string{
		"client.key": "a2V5", "client.crt": "Y2VydGlmaWNhdGU=",
		"client_pem.key": "key", "client_pem.crt": "certificate", "peer.crt": "root",
	}
	for file, content := range want {
		if string(secret.Data[file]) != content {
			t.Errorf("%s: %q", file, secret.Data[file])
		}
	}
	if len(secret.Data) != len(want) || !*secret.Immutable || secret.OwnerReferences[0].Kind != "Pod" {
		t.Errorf("got %+v", secret)
	}
}

func TestAnImageRunsAsItIs(t *testing.T) {
	pod := podOf(t, settings(t, EnvPullSecret, "registry"), imageLaunch())
	container := pod.Containers[0]
	if container.Image != pinned || container.Command != nil || container.ReadinessProbe != nil || pod.SecurityContext.RunAsUser != nil {
		t.Errorf("got %+v", container)
	}
	if len(pod.ReadinessGates) != 1 || pod.ReadinessGates[0].ConditionType != ConditionRegistered {
		t.Errorf("it is ready before it is registered: %+v", pod.ReadinessGates)
	}
	if len(pod.Volumes) != 2 || pod.ImagePullSecrets[0].Name != "registry" {
		t.Errorf("got %+v", pod)
	}
}

func TestSourceRunsFromThePeersOwnVolume(t *testing.T) {
	s := settings(t)
	pod := podOf(t, s, nodeLaunch(s))
	container := pod.Containers[0]
	if container.Image != s.RuntimeImage || container.ReadinessProbe == nil || container.LivenessProbe == nil {
		t.Errorf("got %+v", container)
	}
	volume := pod.Volumes[2]
	mount := container.VolumeMounts[2]
	if volume.PersistentVolumeClaim.ClaimName != s.VolumeClaim || mount.Name != volume.Name {
		t.Errorf("volume %+v mount %+v", volume, mount)
	}
	if mount.SubPath != "selvedge/chaincode/0123/src" || !mount.ReadOnly || mount.MountPath != "/chaincode" {
		t.Errorf("mount %+v", mount)
	}
}

func TestSourceBesideTheVolumeCannotRun(t *testing.T) {
	s := settings(t)
	launch := nodeLaunch(s)
	launch.Chaincode.SourceFolder = "/elsewhere"
	if _, err := buildDeployment(s, launch); err == nil {
		t.Fatal("it was built")
	}
}

func TestTheSameLaunchGivesTheSameDeployment(t *testing.T) {
	s := settings(t)
	one, _ := buildDeployment(s, nodeLaunch(s))
	other, _ := buildDeployment(s, nodeLaunch(s))
	if !reflect.DeepEqual(one, other) {
		t.Error("they differ")
	}
	changed := nodeLaunch(s)
	changed.Connection.Certificate = []byte("another")
	third, _ := buildDeployment(s, changed)
	if third.Name != one.Name || reflect.DeepEqual(third.Spec.Template, one.Spec.Template) {
		t.Error("another key pair does not replace the pod of the same deployment")
	}
}
