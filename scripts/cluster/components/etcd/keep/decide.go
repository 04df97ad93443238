package keep

// Said is what another member says of itself.
type Said int

const (
	// Silent: it does not answer.
	Silent Said = iota
	// Empty: there is nothing of a cluster on its disk, and it waits as this one does.
	Empty
	// Kept: it knows of a cluster.
	Kept
)

// Member is one of the cluster, as a majority of it has it.
type Member struct {
	ID      uint64
	PeerURL string
	Learner bool
}

// State is what a member without anything on its disk sees.
type State struct {
	// Me is this member's peer URL; First says whether it is the first of the list that all are given.
	Me    string
	First bool
	// Others is what each of the others says.
	Others []Said
	// Cluster is what those that have a leader say; nil when nobody has one.
	Cluster []Member
}

// Do is what comes next.
type Do int

const (
	// Wait and look again.
	Wait Do = iota
	// Form a cluster of this member alone; the others join it.
	Form
	// Remove who this member was before it lost its disk.
	Remove
	// Join the cluster as a new member without a vote.
	Join
)

// Step is what to do; ID is whom to remove, Why what is waited for.
type Step struct {
	Do  Do
	ID  uint64
	Why string
}

// Decide says how a member comes up whose disk is empty. Who it was has voted and confirmed what nobody can tell
// any more: it goes, and comes as another, which a majority of the others must agree to. It makes a cluster only
// when all others say that they know of none.
func Decide(s State) Step {
	if s.Cluster != nil {
		for _, member := range s.Cluster {
			if member.PeerURL == s.Me {
				return Step{Do: Remove, ID: member.ID}
			}
		}
		return Step{Do: Join}
	}
	for _, said := range s.Others {
		switch said {
		case Kept:
			return Step{Why: "a cluster that is there to have a leader"}
		case Silent:
			return Step{Why: "every other member to say what it has"}
		}
	}
	if !s.First {
		return Step{Why: "the first member to make the cluster"}
	}
	return Step{Do: Form}
}
