// Package keep starts a member of etcd so that one that lost its disk is replaced without anybody's help, and never
// votes twice: who it was is removed, and it joins as a new member that has a vote once it has caught up.
//
// It also keeps the space of all members: those with much that is free are defragmented one at a time, and a cluster
// that was full is compacted and takes writes again.
//
// Changing members takes the rights of etcd's root. The keeper has them by its own member's certificate, which is
// where all of the data are anyway.
package keep

import (
	"context"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"go.etcd.io/etcd/server/v3/etcdmain"
	"go.etcd.io/etcd/server/v3/storage/wal"
)

// Between two looks.
const pause = 500 * time.Millisecond

// Main is etcd with its flags, under the keeper.
func Main(program string, args []string) {
	log.SetPrefix("keeper: ")
	s, err := read(args)
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	if !wal.Exist(s.wal()) {
		if args, err = prepare(ctx, s); err != nil {
			log.Fatal(err)
		}
	}
	// From here on signals are etcd's, which hands over what it leads before it ends.
	stop()
	go func() {
		promote(s)
		tend(context.Background(), s)
	}()
	etcdmain.Main(append([]string{program}, args...))
}

// prepare gives etcd's flags for a member with nothing on its disk, when it is clear what it is to do.
func prepare(ctx context.Context, s settings) ([]string, error) {
	waiting, err := serve(s)
	if err != nil {
		return nil, err
	}
	defer waiting.close()
	told := ""
	for {
		args, why := look(ctx, s)
		if args != nil {
			// What a start that did not come to its end has left.
			return args, os.RemoveAll(filepath.Join(s.data, "member"))
		}
		if why != told {
			log.Println("waiting for", why)
			told = why
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(pause):
		}
	}
}

// look takes one step. It gives etcd's flags once it may start, and else what is waited for.
func look(ctx context.Context, s settings) (args []string, why string) {
	said, c := ask(ctx, s)
	defer c.close()
	members := c.members(ctx)
	step := Decide(State{Me: s.me.url, First: s.me == s.all[0], Others: said, Cluster: members})
	var err error
	switch step.Do {
	case Form:
		log.Println("making the cluster")
		return s.starting([]peer{s.me}, "new"), ""
	case Remove:
		log.Printf("removing member %x, who this one was before it lost its disk", step.ID)
		err = c.remove(ctx, step.ID)
	case Join:
		err = c.add(ctx, s.me.url)
	default:
		return nil, step.Why
	}
	switch {
	case err != nil:
		return nil, "the others to agree: " + err.Error()
	case step.Do == Remove:
		return nil, "its place"
	}
	log.Println("joining")
	present := []peer{s.me}
	for _, other := range s.others() {
		if contains(members, other.url) {
			present = append(present, other)
		}
	}
	return s.starting(present, "existing"), ""
}

func contains(members []Member, url string) bool {
	for _, member := range members {
		if member.PeerURL == url {
			return true
		}
	}
	return false
}

// promote gives this member its vote when it has caught up, and returns when it has one. The others know: one without
// a vote is not told who is a member.
func promote(s settings) {
	for !hasVote(context.Background(), s) {
		time.Sleep(pause)
	}
}

func hasVote(ctx context.Context, s settings) bool {
	_, c := ask(ctx, s)
	defer c.close()
	return c.hasVote(ctx, s.me.url)
}
