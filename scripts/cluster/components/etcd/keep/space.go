package keep

import "sort"

// Store is what a member says of its disk, in bytes.
type Store struct {
	ID     uint64
	Leads  bool
	Silent bool
	// Size is what it takes on the disk, InUse what of that holds something, Quota the most it may take.
	Size, InUse, Quota int64
	// Full says that it has refused writes since it met its quota: it goes on refusing until the alarm is taken off.
	Full bool
}

// Care is what a member's keeper does for the space of all.
type Care int

const (
	// Leave all as it is.
	Leave Care = iota
	// Defragment gives what is free back to the file system; the member answers nobody meanwhile.
	Defragment
	// MakeRoom forgets what keys were before, and defragments. What a full store says is in use says nothing: pages
	// that a compaction frees count until something is written.
	MakeRoom
	// Allow writes again.
	Allow
)

func (c Care) String() string {
	return [...]string{"leaving it", "defragmenting", "making room", "allowing writes again"}[c]
}

// Tend says what the keeper of a member does next. Members are defragmented one at a time, and only while all answer,
// so that nobody is missed: followers in the order of their ids, and last the one that leads. No lock is needed, which a
// full store would refuse; one that is at it is silent, or still first.
func Tend(me uint64, stores []Store) Care {
	full := false
	for _, store := range stores {
		if store.Silent {
			return Leave
		}
		full = full || store.Full
	}
	sort.Slice(stores, func(a, b int) bool {
		if stores[a].Leads != stores[b].Leads {
			return stores[b].Leads
		}
		return stores[a].ID < stores[b].ID
	})
	for _, store := range stores {
		switch {
		case full && store.isTight():
			return only(store.ID == me, MakeRoom)
		case !full && store.wastes():
			return only(store.ID == me, Defragment)
		}
	}
	last := len(stores) - 1
	return only(full && stores[last].ID == me, Allow)
}

// wastes says whether half of what is worth the while is free.
func (s Store) wastes() bool {
	return s.Size > s.Quota/8 && s.InUse < s.Size/2
}

// isTight says whether it would soon be full again.
func (s Store) isTight() bool {
	return s.Size > s.Quota/10*9
}

func only(mine bool, care Care) Care {
	if mine {
		return care
	}
	return Leave
}
