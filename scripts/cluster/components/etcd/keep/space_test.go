package keep

import (
	"slices"
	"testing"
)

func TestHowMembersAreKeptFromFilling(t *testing.T) {
	const quota = 1000
	store := func(id uint64, size, inUse int64) Store {
		return Store{ID: id, Leads: id == 1, Size: size, InUse: inUse, Quota: quota}
	}
	full := func(id uint64, size, inUse int64) Store {
		one := store(id, size, inUse)
		one.Full = true
		return one
	}
	silent := Store{ID: 3, Silent: true}
	for title, row := range map[string]struct {
		stores []Store
		// What the keepers of 1, which leads, 2 and 3 do.
		want [3]Care
	}{
		"what is in use stays":                    {[]Store{store(1, 800, 700), store(2, 800, 700), store(3, 800, 700)}, [3]Care{}},
		"a small store is not worth the while":    {[]Store{store(1, 100, 1), store(2, 100, 1), store(3, 100, 1)}, [3]Care{}},
		"followers go first, in their order":      {[]Store{store(1, 800, 300), store(2, 800, 300), store(3, 800, 300)}, [3]Care{Leave, Defragment, Leave}},
		"one after the other":                     {[]Store{store(1, 800, 300), store(2, 300, 300), store(3, 800, 300)}, [3]Care{Leave, Leave, Defragment}},
		"the one that leads goes last":            {[]Store{store(1, 800, 300), store(2, 300, 300), store(3, 300, 300)}, [3]Care{Defragment}},
		"nobody goes while one is silent":         {[]Store{store(1, 800, 300), store(2, 800, 300), silent}, [3]Care{}},
		"full ones make room one after the other": {[]Store{full(1, 1000, 990), full(2, 1000, 990), store(3, 1000, 990)}, [3]Care{Leave, MakeRoom, Leave}},
		"the next when one has done it":           {[]Store{full(1, 1000, 990), full(2, 300, 300), store(3, 1000, 990)}, [3]Care{Leave, Leave, MakeRoom}},
		"the one that leads last":                 {[]Store{full(1, 1000, 990), full(2, 300, 300), store(3, 300, 300)}, [3]Care{MakeRoom}},
		"then writes are allowed again":           {[]Store{full(1, 700, 700), full(2, 700, 700), store(3, 700, 700)}, [3]Care{Allow}},
		"not while one of them is silent":         {[]Store{full(1, 700, 700), full(2, 700, 700), silent}, [3]Care{}},
	} {
		t.Run(title, func(t *testing.T) {
			for n, want := range row.want {
				if got := Tend(uint64(n+1), slices.Clone(row.stores)); got != want {
					t.Errorf("member %d: got %v, want %v", n+1, got, want)
				}
			}
		})
	}
}
