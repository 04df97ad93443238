package keep

import "testing"

const me, other, third = "https://etcd-1:2380", "https://etcd-0:2380", "https://etcd-2:2380"

func TestHowAMemberWithoutItsDiskComesUp(t *testing.T) {
	others := []Member{{ID: 1, PeerURL: other}, {ID: 3, PeerURL: third}}
	for title, row := range map[string]struct {
		state State
		want  Step
	}{
		"who it was is removed first": {
			State{Me: me, Others: []Said{Kept, Kept}, Cluster: append([]Member{{ID: 2, PeerURL: me}}, others...)},
			Step{Do: Remove, ID: 2},
		},
		"also when that was still without a vote": {
			State{Me: me, Others: []Said{Kept, Kept}, Cluster: append([]Member{{ID: 9, PeerURL: me, Learner: true}}, others...)},
			Step{Do: Remove, ID: 9},
		},
		"then it joins as another": {
			State{Me: me, Others: []Said{Kept, Kept}, Cluster: others},
			Step{Do: Join},
		},
		"it joins a cluster of one though the other has nothing yet": {
			State{Me: me, Others: []Said{Kept, Empty}, Cluster: others[:1]},
			Step{Do: Join},
		},
		"the first joins as well when there is a cluster": {
			State{Me: me, First: true, Others: []Said{Kept, Empty}, Cluster: others},
			Step{Do: Join},
		},
		"nothing is changed while the others have no leader": {
			State{Me: me, First: true, Others: []Said{Kept, Empty}},
			Step{Why: "a cluster that is there to have a leader"},
		},
		"one that is silent may know of a cluster": {
			State{Me: me, First: true, Others: []Said{Empty, Silent}},
			Step{Why: "every other member to say what it has"},
		},
		"the first makes the cluster when nobody knows of one": {
			State{Me: me, First: true, Others: []Said{Empty, Empty}},
			Step{Do: Form},
		},
		"one that has no others makes it": {
			State{Me: me, First: true},
			Step{Do: Form},
		},
		"no other makes it": {
			State{Me: me, Others: []Said{Empty, Empty}},
			Step{Why: "the first member to make the cluster"},
		},
	} {
		t.Run(title, func(t *testing.T) {
			if got := Decide(row.state); got != row.want {
				t.Errorf("got %+v, want %+v", got, row.want)
			}
		})
	}
}
