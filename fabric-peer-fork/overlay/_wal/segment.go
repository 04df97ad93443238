package wal

// A log sets two segments aside when it is made, and one each time it goes on to
// the next. 64 MB, etcd's own choice, took a minute on a replicated volume that ten
// orderers joined at once. A block is at most a few hundred kilobytes by our defaults,
// and an entry may be longer than a segment.
func init() { SegmentSizeBytes = 4 << 20 }
