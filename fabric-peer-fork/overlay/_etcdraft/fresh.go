package etcdraft

import "go.etcd.io/etcd/raft/v3"

// holdsNothing tells whether a log was made and nothing was ever written to it. The
// orderer that made it was ended before its first entry, so it has promised nothing.
func holdsNothing(log MemoryStorage) bool {
	state, _, err := log.InitialState()
	last, failed := log.LastIndex()
	return err == nil && failed == nil && last == 0 && raft.IsEmptyHardState(state)
}
